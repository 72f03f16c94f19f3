"""`shop-dev trace`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def trace(
    identity: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="A trace id, or a value of one of the project's keys (an order id).", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option("--last", "-n", metavar="N", min=1, help="Without an id: how many to list.")] = 20,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show what became of a request or an order, across HTTP and Kafka.

    Without an id the last requests are listed. Each step stands below the one that caused it, with when it began and how
    long it took; what became of it stands last. Works after `down` as well.
    """
    from shop_sandbox.telemetry.read import latest

    from shop_dev.output.trace_list import list_data, list_page
    from shop_dev.output.trace_tree import trace_data, trace_text
    from shop_dev.project import open_project
    from shop_dev.sandbox.tracing import settled_trace

    del json
    project = open_project(name=name)
    database, keys = project.paths.telemetry, project.settings.keys
    if identity is None:
        traces = latest(database, count=count, keys=keys)
        return Answer(data=list_data(traces), text=list_page(traces))
    if not identity.strip():
        raise typer.BadParameter("a trace id, or a value of one of the project's keys, is needed, and this is empty.")
    found = settled_trace(database, identity, keys)
    return Answer(data=trace_data(found), text=trace_text(found))
