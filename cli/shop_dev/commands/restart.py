"""`shop-dev restart`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ProgressOption, SandboxName, SomeResources
from shop_dev.output.answer import Answer
from shop_dev.output.sinks import Progress


def restart(
    *,
    resources: SomeResources,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait until they are ready.", show_default=False),
    ] = None,
    name: SandboxName = None,
    progress: ProgressOption = Progress.AUTO,
    json: JsonFlag = False,
) -> Answer:
    """Stop resources in order and start them again, with what they need where that does not run.

    Returns when they are ready; what depends on them stays up and reconnects. Exit status 18: one has failed, or waits for one that
    has. 17: not ready in time.
    """
    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project
    from shop_dev.sandbox.restarting import restart_resources

    project = open_project(name=name, start_timeout_seconds=timeout)
    with sink_for(json=json, progress=progress) as sink:
        seconds = restart_resources(project, tuple(resources), sink=sink)
    are = "is" if len(resources) == 1 else "are"
    return Answer(
        data={"resources": resources, "seconds": seconds}, text=f"{', '.join(resources)} {are} ready again in {seconds:.2f} s."
    )
