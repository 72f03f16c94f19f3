"""`shop-dev logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, ResourceNames, SandboxName
from shop_dev.output.answer import Answer, Listing, Stream


def logs(
    *,
    services: ResourceNames = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show what is written from now on; Ctrl-C ends it. With --json a line each.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="An age (30s, 10m, 2h, 1d) or a time (2026-01-31T12:00).", show_default=False),
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", metavar="N", min=0, help="Only the newest N records of each resource.", show_default=False),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            "--correlation",
            metavar="ID",
            help="Only what belongs to this trace id, or to this value of one of the project's keys.",
            show_default=False,
        ),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show what services and resources have logged, oldest first, also after `down`.

    Without names: of all of them. What is no record (a traceback, a print) is shown where it was said. With --follow the past is
    shown only as far as --since or --tail reach.
    """
    import time

    from shop_sandbox import logs as store

    from shop_dev.logbook import belonging_to, log_line, moment, record_data
    from shop_dev.project import open_project, resource_names
    from shop_dev.sandbox.waiting import check_known

    project = open_project(name=name)
    written = [path.name.removesuffix(".log") for path in project.paths.logs.glob("*.log")]
    for service in services or ():
        check_known(service, list(dict.fromkeys((*resource_names(project), *written))))
    found = (store.follow if follow else store.read)(
        project.paths,
        resources=services or (),
        since=moment(since, now=time.time()) if since else None,
        newest=tail,
        keep=belonging_to(correlation, project.settings.keys) if correlation else None,
    )
    if json:
        entries = map(record_data, found)
        return Answer(data=Stream(entries) if follow else Listing("records", entries))
    lines = (log_line(record, project.settings.keys) for record in found)
    return Answer(text=Stream(lines) if follow else lines)
