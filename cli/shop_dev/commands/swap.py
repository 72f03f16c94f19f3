"""`shop-dev swap`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.completion import complete_resources
from shop_dev.output.answer import Answer


def swap(
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service whose place is taken.", autocompletion=complete_resources)
    ],
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND]...", help="What runs in its place; without one, the service itself.", show_default=False
        ),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Run your own process in the place of a service, under a debugger, say, until it ends.

    It gets the service's exact environment, working directory, ports and consumer group, and this terminal; the service itself is
    stopped meanwhile and started again when your process ends, however that happens.
    """
    from shop_dev.output.sinks import Progress, sink_for
    from shop_dev.project import open_project
    from shop_dev.sandbox.swapping import swap_service

    project = open_project(name=name)
    with sink_for(json=json, progress=Progress.NONE if json else Progress.PLAIN) as sink:
        exit_status = swap_service(project, service, tuple(command or ()), sink=sink, frees_stdout=json)
    return Answer(data={"service": service, "exitStatus": exit_status}, text=f"{service} runs by itself again.")
