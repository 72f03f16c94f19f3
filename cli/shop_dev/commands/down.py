"""`shop-dev down`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def down(
    *,
    name: SandboxName = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove the data, the logs and the traces as well.")] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Wait for nobody: works also when the supervisor is frozen, by what it has written down."),
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Stop all sandboxes of this user, whatever checkout they belong to.")
    ] = False,
    gone_branches: Annotated[
        bool,
        typer.Option("--gone-branches", help="With --purge: the sandboxes of git branches that are gone, and no other."),
    ] = False,
    json: JsonFlag = False,
) -> Answer:
    """Stop the sandbox; its data stays for the next `up`.

    Returns when every process is gone. With --purge it also works on a sandbox that is not running. In a checkout that has joined
    another one's sandbox it stops what joined, and nothing else.
    """
    from shop_dev.output.sinks import sink_for
    from shop_dev.project import open_project
    from shop_dev.sandbox.branching import remove_gone
    from shop_dev.sandbox.joining import leave
    from shop_dev.sandbox.stopping import lost, stop_everything, stop_project

    if everywhere:
        if name is not None:
            raise typer.BadParameter("--all means every sandbox, and --name one of them. Use one of the two.")
        with sink_for(json=json) as sink:
            ends = stop_everything(purge=purge, force=force, sink=sink)
        failed = next((end.failure for end in ends if end.failure is not None), None)
        return Answer(data={"stopped": [end.data() for end in ends]}, text="" if ends else "No sandbox runs.", failure=failed)
    project = open_project(name=name)
    if gone_branches:
        if not purge or name is not None:
            raise typer.BadParameter("--gone-branches goes with --purge, and means sandboxes that no --name names.")
        with sink_for(json=json) as sink:
            removed = remove_gone(project, sink=sink)
        return Answer(
            data={"removed": removed},
            text="" if removed else "No branch is gone that has left data.",
        )
    if project.joined is not None:
        with sink_for(json=json) as sink:
            gone = leave(project, sink=sink)
        kept = ("What its services keep in the stores of that sandbox stays there.",) if purge else ()
        return Answer(
            data={"seconds": None, "purged": False, "forced": [], "lost": [], "left": {"sandbox": str(project.joined)}},
            text=f"Left {project.joined}: {', '.join(gone) or 'nothing'} stopped, everything else runs on.",
            warnings=kept,
        )
    with sink_for(json=json) as sink:
        stopped = stop_project(project, purge=purge, force=force, sink=sink)
    is_purged = purge and not project.paths.root.exists()
    left_over = (f"{project.paths.root} could not be removed as a whole.",) if purge and not is_purged else ()
    if stopped is None:
        return Answer(
            data={"seconds": None, "purged": is_purged, "forced": [], "lost": []},
            text="Nothing was running; what was kept is removed." if is_purged else "Nothing was running.",
            warnings=left_over,
        )
    if stopped.lost:
        raise lost(project.paths, stopped)
    forced = (f"{name_} did not end when asked, and was killed." for name_ in stopped.forced)
    return Answer(
        data={"seconds": stopped.seconds, "purged": is_purged, "forced": list(stopped.forced), "lost": []},
        warnings=(*forced, *left_over),
    )
