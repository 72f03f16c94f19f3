"""`shop-dev wait`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ResourceNames, SandboxName
from shop_dev.output.answer import Answer
from shop_dev.sandbox.waiting import Wanted


def wait(
    *,
    resources: ResourceNames = None,
    wanted: Annotated[Wanted, typer.Option("--for", help="What to wait for.")] = Wanted.HEALTHY,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="When to give up, with exit status 17.")
    ] = 60.0,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Wait until resources are healthy or stopped; without names, everything that was asked for.

    Exit status 0: they are. 17: not in time. 18: one has failed, or waits for one that has, and will not come back by itself. 7: no
    sandbox runs.
    """
    from shop_dev.project import open_project
    from shop_dev.sandbox.waiting import wait_for

    del json
    states = wait_for(open_project(name=name), resources or (), wanted, timeout_seconds=timeout)
    told = [f"{resource} is {state}." for resource, state in states.items()] if resources else [f"Everything is {wanted}."]
    return Answer(data={"for": str(wanted), "resources": dict(states)}, text="\n".join(told))
