"""`shop-dev trace`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def trace(
    identity: Annotated[str, typer.Argument(metavar="ID", help="An order id, a correlation id or a trace id.")],
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Show what became of a request or an order, across HTTP and Kafka.

    Each step stands below the one that caused it, with when it began and how long it took. Works after `down` as well.
    """
    from shop_sandbox.telemetry.read import span_tree

    from shop_dev.output.trace_tree import trace_data, trace_text
    from shop_dev.project import open_project

    del json
    if not identity.strip():
        raise typer.BadParameter("an order id, a correlation id or a trace id is needed, and this is empty.")
    found = span_tree(open_project(name=name).paths.telemetry, identity)
    return Answer(data=trace_data(found), text=trace_text(found))
