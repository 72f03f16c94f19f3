"""`shop-dev events`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer, Listing, Stream


def events(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens from now on; with --json a line each.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="An age (30s, 10m, 2h, 1d) or a time (2026-01-31T12:00).", show_default=False),
    ] = None,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show what has happened in the sandbox: starts, deaths, restarts, changes of code.

    The newest 5,000 are kept while it runs.
    """
    import time

    from shop_dev import sandbox
    from shop_dev.logbook import moment
    from shop_dev.output.event_lines import event_data, event_lines
    from shop_dev.project import open_project

    earliest = moment(since, now=time.time()) if since else 0.0
    found = sandbox.connect(open_project(name=name)).events(since=earliest, follow=follow)
    if json:
        entries = map(event_data, found)
        return Answer(data=Stream(entries) if follow else Listing("events", entries))
    lines = event_lines(found)
    return Answer(text=Stream(lines) if follow else lines)
