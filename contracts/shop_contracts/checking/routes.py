"""Endpoints, as code serves them and as documents promise them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shop_contracts.files import read_regular_file
from shop_contracts.tree.declared import Place

_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint as code or a document says it. `path` is without its parameters' names: the two sides may differ in them."""

    method: str
    path: str
    place: Place
    shown: str


def served_by(root: Path, folder: str) -> Iterator[Route]:
    """Yield the routes that Python code below a folder declares with a literal path: `Route("/v1/orders", …, methods=["GET"])`."""
    for file in sorted((root / folder).rglob("*.py")):
        if not file.is_file():
            continue
        source = read_regular_file(file).decode("utf-8", errors="replace")
        if "Route(" not in source:
            continue
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        shown = file.relative_to(root).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _route(node, shown)


def without_names(path: str) -> str:
    """Return a path template with its parameters' names taken out."""
    return _PARAMETER.sub("{}", path)


def _route(call: ast.Call, file: str) -> Iterator[Route]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name != "Route" or not call.args or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        return
    path = call.args[0].value
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "methods"), None)
    methods = (
        [str(one.value) for one in given.elts if isinstance(one, ast.Constant)]
        if isinstance(given, ast.List | ast.Tuple)
        else ["GET"]
    )
    for method in methods:
        yield Route(method, without_names(path), Place(file, call.lineno), f"{method} {path}")
