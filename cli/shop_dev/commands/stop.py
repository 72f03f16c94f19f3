"""`shop-dev stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName, SomeResources
from shop_dev.output.answer import Answer


def stop(
    resources: SomeResources,
    dependents: Annotated[bool, typer.Option("--dependents", help="Stop what needs them as well.")] = False,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Stop some resources; the rest of the sandbox runs on.

    `shop-dev up RESOURCE` starts them again.
    """
    from shop_sandbox.events import ResourceChanged, ResourceState

    from shop_dev import sandbox
    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project

    stopped: list[str] = []
    client = sandbox.connect(open_project(name=name))
    with sink_for(json=json) as sink:
        for event in client.stop(*resources, dependents=dependents):
            sink.announce(event)
            if isinstance(event, ResourceChanged) and event.state is ResourceState.STOPPED:
                stopped.append(event.resource)
    return Answer(data={"stopped": stopped}, text="" if stopped else "None of them was running.")
