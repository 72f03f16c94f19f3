"""`shop-dev logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ResourceNames, SandboxName
from shop_dev.output.answer import Answer


def logs(
    *,
    services: ResourceNames = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on; Ctrl-C ends it.")] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="An age (30s, 10m, 2h, 1d) or a time (2026-01-31T12:00).", show_default=False),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            "--correlation", metavar="ID", help="Only what belongs to this correlation, order or trace id.", show_default=False
        ),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show what services and resources have logged, oldest first, also after `down`.

    Without names: of all of them. A record stays whole, with every line of its traceback.
    """
    import time

    from shop_sandbox import logs as store

    from shop_dev.logbook import log_line, moment, record_data, records_of
    from shop_dev.project import open_project, resource_names
    from shop_dev.sandbox.waiting import check_known

    if follow and json:
        raise typer.BadParameter("--follow has no end, and --json prints one document at the end. Use one of them.")
    project = open_project(name=name)
    written = [path.name.removesuffix(".log") for path in project.paths.logs.glob("*.log")]
    for service in services or ():
        check_known(service, list(dict.fromkeys((*resource_names(project), *written))))
    earliest = moment(since, now=time.time()) if since else None
    found = records_of(store.read(project.paths, resources=services or (), since=earliest, follow=follow), correlation)
    if json:
        return Answer(data={"records": [record_data(record) for record in found]})
    return Answer(text=(log_line(record) for record in found))
