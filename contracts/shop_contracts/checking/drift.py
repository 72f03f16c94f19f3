"""Bodies of a document beside those of the code: a property that only one of them knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shop_contracts.checking.routes import Route
from shop_contracts.checking.shapes import Shape
from shop_contracts.openapi_diff.documents import Node
from shop_contracts.openapi_diff.fault import InvalidOpenapi
from shop_contracts.tree.finding import Finding, Group

_JSON = "application/json"
_SEVERAL = frozenset({"oneOf", "anyOf", "allOf"})
"""Ways to put an object together from several: what its properties are in the end is not looked for."""


@dataclass(frozen=True)
class Drift:
    """Compares the operations of one document with the routes of the service that keeps it. `root` is the checkout."""

    root: Path
    service: str
    subject: str

    def of(self, operation: Node, route: Route) -> Iterator[Finding]:
        """Find what only one side knows. A body that the code does not spell out says nothing."""
        try:
            taken = _schema(operation.get("requestBody"))
            answers = {schema.key: schema for answer in _answers(operation) if (schema := _schema(answer)) is not None}
            if route.bodies.takes is not None and taken is not None:
                yield from self._compared(taken, route.bodies.takes, f"{route.shown} takes", route)
            if route.bodies.answers is not None and len(answers) == 1:
                (given,) = answers.values()
                yield from self._compared(given, route.bodies.answers, f"{route.shown} answers with", route)
        except InvalidOpenapi:
            return  # what is wrong is found where the document is judged

    def _compared(self, schema: Node, shape: Shape, said: str, route: Route, above: str = "") -> Iterator[Finding]:
        promised = schema.members("properties")
        if not promised or _SEVERAL & schema.mapping().keys():
            return
        for name in sorted(promised.keys() - shape.properties.keys()):
            document = promised[name].document
            message = f"{said} {above}{name}, by its document; {shape.name} in the code of {self.service} has no such property."
            line = document.line((*schema.pointer, "properties", name))
            yield self._finding("property-not-in-code", self._shown(document.path), line, message)
        for name in sorted(shape.properties.keys() - promised.keys()):
            message = f"{said} {above}{name}, by {shape.name} in the code of {self.service}; its document has no such property."
            yield self._finding("property-without-contract", shape.file, shape.line, message)
        for name in sorted(shape.properties.keys() & promised.keys()):
            below = shape.properties[name]
            if below is not None:
                yield from self._compared(_item(promised[name]), below, said, route, f"{above}{name}.")

    def _finding(self, rule: str, file: str, line: int, message: str) -> Finding:
        hint = "the two must say the same: correct the one that is wrong"
        return Finding(Group.COVERAGE, rule, file, line, message, subject=self.subject, hint=hint)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name


def _answers(operation: Node) -> Iterator[Node]:
    for status, answer in operation.members("responses").items():
        if status.startswith("2"):
            yield answer


def _schema(body: Node | None) -> Node | None:
    content = body.members("content") if body is not None else {}
    return content[_JSON].get("schema") if _JSON in content else None


def _item(schema: Node) -> Node:
    """Return what is in a list, however deep."""
    while (items := schema.get("items")) is not None:
        schema = items
    return schema
