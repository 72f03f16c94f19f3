"""Endpoints, as code serves them and as documents promise them."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shop_contracts.checking.shapes import NO_BODIES, Bodies, Module, Structs
from shop_contracts.files import read_regular_file
from shop_contracts.tree.declared import Place

_PARAMETER = re.compile(r"\{[^}]*\}")
_CLASS = re.compile(r"^\s*class (\w+)\(([^)]*)\)", re.MULTILINE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint as code or a document says it. `path` is without its parameters' names: the two sides may differ in them."""

    method: str
    path: str
    place: Place
    shown: str
    bodies: Bodies = NO_BODIES
    """What code takes and answers with there."""


@dataclass(frozen=True, slots=True)
class Served:
    """The routes that code declares. `is_whole` is False where it declares some by words that only a run would tell."""

    routes: tuple[Route, ...]
    is_whole: bool


def served_by(root: Path, folder: str) -> Served:
    """Return the routes that Python code below a folder declares: `Route("/v1/orders", …, methods=["GET"])`, or a kind of Route."""
    trees = _trees(root, folder)
    structs = Structs(trees)
    found: list[Route | None] = []
    for file, tree in trees.items():
        module = Module(tree, structs)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found += _routes(node, module, file)
    return Served(tuple(route for route in found if route is not None), is_whole=None not in found)


def _trees(root: Path, folder: str) -> dict[str, ast.Module]:
    """Return by path the files that may say something of routes and bodies."""
    files = (file for file in sorted((root / folder).rglob("*.py")) if file.is_file())
    sources = {file: read_regular_file(file).decode("utf-8", errors="replace") for file in files}
    structs = _structs(sources.values())
    found = {}
    for file, source in sources.items():
        if "Route(" in source or any(structs & bases for _, bases in _classes(source)):
            with contextlib.suppress(SyntaxError):
                found[file.relative_to(root).as_posix()] = ast.parse(source)
    return found


def _structs(sources: Iterable[str]) -> set[str]:
    """Return the names of the classes that are structs, or inherit from one, by a quick look; `Struct` among them."""
    classes = [one for source in sources for one in _classes(source)]
    found = {"Struct"}
    while more := {name for name, bases in classes if bases & found} - found:
        found |= more
    return found


def _classes(source: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the classes of a file with the words of what they inherit from."""
    for name, said in _CLASS.findall(source):
        yield name, set(_WORD.findall(said))


def without_names(path: str) -> str:
    """Return a path template with its parameters' names taken out."""
    return _PARAMETER.sub("{}", path)


def _routes(call: ast.Call, module: Module, file: str) -> Iterator[Route | None]:
    """Yield the routes of one call, one for each method; None for a route whose path is not said in plain words."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if not name.endswith("Route") or not call.args:
        return
    path = module.text(call.args[0])
    if path is None:
        yield None
        return
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "methods"), None)
    methods = (
        [str(one.value) for one in given.elts if isinstance(one, ast.Constant)]
        if isinstance(given, ast.List | ast.Tuple)
        else ["GET"]
    )
    bodies = module.bodies_of(call.args[1]) if len(call.args) > 1 else NO_BODIES
    for method in methods:
        yield Route(method, without_names(path), Place(file, call.lineno), f"{method} {path}", bodies)
