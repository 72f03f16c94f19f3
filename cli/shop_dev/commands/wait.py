"""`shop-dev wait`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ResourceName, SandboxName
from shop_dev.output.answer import Answer
from shop_dev.sandbox.waiting import Wanted


def wait(
    *,
    resource: ResourceName,
    wanted: Annotated[Wanted, typer.Option("--for", help="What to wait for.")] = Wanted.HEALTHY,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="When to give up, with exit status 17.")
    ] = 60.0,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Wait until a resource is healthy or stopped.

    Exit status 0: it is. 17: not in time. 18: it died and will not come back by itself. 7: no sandbox runs.
    """
    from shop_dev.project import open_project
    from shop_dev.sandbox.waiting import wait_for

    del json
    state = wait_for(open_project(name=name), resource, wanted, timeout_seconds=timeout)
    return Answer(data={"resource": resource, "for": str(wanted), "state": state}, text=f"{resource} is {state}.")
