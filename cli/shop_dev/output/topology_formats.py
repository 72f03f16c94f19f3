"""The topology for readers: Mermaid for Markdown, JSON for scripts, SVG for a page without tools."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from shop_dev.topology import Edge, Node, Topology

_MERMAID_SHAPES = {"service": ("[", "]"), "topic": ("([", "])"), "queue": ("([", "])"), "notification": ("([", "])")}
_STORE_SHAPE = ("[(", ")]")
_FILLS = {"service": "#dbeafe", "topic": "#fef3c7", "queue": "#fef3c7", "notification": "#fef3c7"}
_STORE_FILL = "#e5e7eb"
_WIDTH, _HEIGHT, _ROW, _COLUMN, _MARGIN = 230, 34, 52, 380, 30
_CURVE = 90
_STROKES = {"calls": "#2563eb", "produces": "#b45309", "feeds": "#b45309", "keeps": "#9ca3af"}


def topology_data(topology: Topology) -> dict[str, object]:
    """Return the graph for scripts; edges name nodes by their id."""
    return {
        "nodes": [{"id": node.identity, "kind": node.kind, "name": node.name} for node in topology.nodes],
        "edges": [{"from": edge.source.identity, "verb": edge.verb, "to": edge.target.identity} for edge in topology.edges],
    }


def mermaid(topology: Topology) -> str:
    """Return a flowchart as GitHub and editors draw it, see https://mermaid.js.org/syntax/flowchart.html."""
    numbers = {node: f"n{number}" for number, node in enumerate(topology.nodes)}
    lines = ["flowchart LR"]
    for node, number in numbers.items():
        before, after = _MERMAID_SHAPES.get(node.kind, _STORE_SHAPE)
        lines.append(f'    {number}{before}"{node.name}"{after}')
    lines += [f"    {numbers[edge.source]} -->|{edge.verb}| {numbers[edge.target]}" for edge in topology.edges]
    return "\n".join(lines)


def svg(topology: Topology) -> str:
    """Return a drawing: services on the left, what carries messages in the middle, what keeps data on the right."""
    places = _places(topology)
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _MARGIN + _CURVE
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + _MARGIN
    drawn = [*(_line(edge, places) for edge in topology.edges), *(_box(node, *places[node]) for node in topology.nodes)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
            *drawn,
            "</svg>",
        ]
    )


def _places(topology: Topology) -> Mapping[Node, tuple[int, int]]:
    """Services in one column, messages in the next, stores in the last; each as near to its services as its order allows."""
    services = [node for node in topology.nodes if node.kind == "service"]
    rows = {node: float(number) for number, node in enumerate(services)}
    columns = [services]
    for kinds in (("topic", "queue", "notification"), ("table", "database", "cache", "bucket")):
        members = [node for node in topology.nodes if node.kind in kinds]
        columns.append(sorted(members, key=lambda node: (_middle(node, topology, rows), node)))
    return {
        node: (_MARGIN + _CURVE + at * _COLUMN, _MARGIN + row * _ROW)
        for at, column in enumerate(columns)
        for row, node in enumerate(column)
    }


def _middle(node: Node, topology: Topology, rows: Mapping[Node, float]) -> float:
    near = [rows[other] for edge in topology.edges for other in _others(edge, node) if other in rows]
    return sum(near) / len(near) if near else 0.0


def _others(edge: Edge, node: Node) -> tuple[Node, ...]:
    return (edge.target,) if edge.source == node else (edge.source,) if edge.target == node else ()


def _box(node: Node, x: int, y: int) -> str:
    fill = _FILLS.get(node.kind, _STORE_FILL)
    return (
        f'<g><title>{node.kind}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" '
        f'stroke="#374151"/><text x="{x + _WIDTH / 2:g}" y="{y + 22}" text-anchor="middle">{escape(node.name)}</text></g>'
    )


def _line(edge: Edge, places: Mapping[Node, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    middle = _HEIGHT / 2
    if x1 == x2:  # a call: round the left side of the column
        begin, end, bend = (x1, y1 + middle), (x2, y2 + middle), (x1 - _CURVE, x2 - _CURVE)
    elif x1 < x2:
        begin, end, bend = (x1 + _WIDTH, y1 + middle), (x2, y2 + middle), (x1 + _WIDTH + _CURVE, x2 - _CURVE)
    else:
        begin, end, bend = (x1, y1 + middle), (x2 + _WIDTH, y2 + middle), (x1 - _CURVE, x2 + _WIDTH + _CURVE)
    path = f"M{begin[0]:g},{begin[1]:g} C{bend[0]:g},{begin[1]:g} {bend[1]:g},{end[1]:g} {end[0]:g},{end[1]:g}"
    return f'<path d="{path}" fill="none" stroke="{_STROKES[edge.verb]}" marker-end="url(#tip)"><title>{edge.verb}</title></path>'
