"""`shop-dev down`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def down(
    name: SandboxName = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove the data, the logs and the traces as well.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Wait for nobody: works also when the supervisor is frozen, by what it has written down."),
    ] = False,
    json: JsonFlag = False,
) -> Answer:
    """Stop the sandbox; its data stays for the next `up`.

    Returns when every process is gone. With --purge it also works on a sandbox that is not running.
    """
    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project
    from shop_dev.sandbox.stopping import lost, stop_project

    project = open_project(name=name)
    with sink_for(json=json) as sink:
        stopped = stop_project(project, purge=purge, force=force, sink=sink)
    if stopped is None:
        return Answer(
            data={"seconds": None, "purged": purge, "forced": [], "lost": []},
            text="Nothing was running; what was kept is removed.",
        )
    if stopped.lost:
        raise lost(project.paths, stopped)
    forced = (f"{name_} did not end when asked, and was killed." for name_ in stopped.forced)
    return Answer(
        data={"seconds": stopped.seconds, "purged": purge, "forced": list(stopped.forced), "lost": []}, warnings=tuple(forced)
    )
