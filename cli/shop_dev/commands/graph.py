"""`shop-dev graph`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag
from shop_dev.output.answer import Answer


class GraphFormat(StrEnum):
    """How the graph is written."""

    MERMAID = "mermaid"
    SVG = "svg"
    JSON = "json"


def graph(
    form: Annotated[GraphFormat, typer.Option("--format", help="mermaid for Markdown, svg for a page, json for scripts.")] = (
        GraphFormat.MERMAID
    ),
    json: JsonFlag = False,
) -> Answer:
    """Draw the services, what they own and how they reach each other, from the manifests.

    Nothing need run: `shop-dev graph --format svg > shop.svg`.
    """
    import json as json_

    from shop_sandbox.manifest.loader import load_manifests

    from shop_dev.output.topology_formats import mermaid, svg, topology_data
    from shop_dev.project import open_project
    from shop_dev.topology import topology_of

    del json
    project = open_project()
    manifests = load_manifests(project.checkout, project.settings.services)
    topology = topology_of(manifest.service for manifest in manifests)
    match form:
        case GraphFormat.MERMAID:
            text = mermaid(topology)
        case GraphFormat.SVG:
            text = svg(topology)
        case GraphFormat.JSON:
            text = json_.dumps(topology_data(topology), indent=2)
    return Answer(data=topology_data(topology), text=text)
