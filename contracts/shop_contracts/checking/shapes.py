"""Bodies as Python code takes and gives them: the msgspec structs that handlers name, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_STRUCT = ("msgspec.Struct", "Struct")
_TAG_FIELD = "type"
"""Where msgspec puts a tag unless it is told otherwise."""
_FOLLOWED_CALLS = 4
"""How deep a handler is followed into functions of its own file."""


@dataclass(frozen=True)
class Shape:
    """An object of JSON by the names of its properties. A property's value is the shape below it where code says one."""

    name: str
    file: str
    line: int
    properties: Mapping[str, Shape | None]


@dataclass(frozen=True)
class Bodies:
    """What a handler takes and what it answers with when all is well; None where code does not say it, or says several."""

    takes: Shape | None = None
    answers: Shape | None = None


NO_BODIES = Bodies()


Function = ast.FunctionDef | ast.AsyncFunctionDef


class Structs:
    """The classes of a folder's files by name, each with its file; a name that comes twice says nothing."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._found: dict[str, list[tuple[str, ast.ClassDef]]] = {}
        for file, tree in trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self._found.setdefault(node.name, []).append((file, node))

    def __contains__(self, name: object) -> bool:
        return len(self._found.get(str(name), ())) == 1

    def shape(self, name: str | None, above: frozenset[str] = frozenset()) -> Shape | None:
        """Return the shape of a struct; None for what is none, for what is not an object in JSON, and for one within itself."""
        own = self._struct(name, above)
        if own is None or name is None:
            return None
        ((file, node),) = self._found[name]
        tag = {} if own.tag_field is None else {own.tag_field: None}
        return Shape(name, file, node.lineno, {**tag, **own.properties})

    def _struct(self, name: str | None, above: frozenset[str]) -> _Struct | None:
        """Return a struct with what it inherits; None where the source does not spell all of it out."""
        if name is None or name not in self or name in above:
            return None
        ((_, node),) = self._found[name]
        inherited = [self._struct(_last_name(base), above | {name}) for base in node.bases if ast.unparse(base) not in _STRUCT]
        bases = [one for one in inherited if one is not None]
        options = _options(node, bases)
        says_too_little = not node.bases or len(bases) != len(inherited) or options.get("tag_field") is ...
        if says_too_little or options.get("array_like") or options.get("rename") not in (None, "camel"):
            return None
        properties = {key: below for base in bases for key, below in base.properties.items()}
        for field in _fields(node):
            properties[_property(field, is_camel=options.get("rename") == "camel")] = self._below(field.annotation, above | {name})
        return _Struct(properties, options)

    def _below(self, annotation: ast.expr, above: frozenset[str]) -> Shape | None:
        named = {one.id for one in ast.walk(annotation) if isinstance(one, ast.Name) and one.id in self}
        return self.shape(next(iter(named)), above) if len(named) == 1 else None


@dataclass(frozen=True)
class _Struct:
    """A struct by its fields, and the options that its own classes inherit (https://jcristharif.com/msgspec/structs.html)."""

    properties: Mapping[str, Shape | None]
    options: Mapping[str, object]

    @property
    def tag_field(self) -> str | None:
        """The property that says which of several structs it is, where it has one."""
        found = self.options.get("tag_field", _TAG_FIELD if self.options.get("tag") else None)
        return None if found is None or self.options.get("tag") is False else str(found)


def _options(node: ast.ClassDef, bases: Iterable[_Struct]) -> dict[str, object]:
    """Return the options of a class with those that it inherits; `...` stands for what is no plain text."""
    said = {one.arg or "": one.value.value if isinstance(one.value, ast.Constant) else ... for one in node.keywords}
    inherited = {name: value for base in bases for name, value in base.options.items()}
    return inherited | {name: value for name, value in said.items() if value is not None or name == "rename"}


def _fields(node: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and "ClassVar" not in ast.unparse(one.annotation):
            yield one


class Module:
    """One file of Python: its functions and plain texts by name, and the structs of all of its service."""

    def __init__(self, tree: ast.Module, structs: Structs) -> None:
        self.tree = tree
        self._structs = structs
        self._functions: dict[str, list[Function]] = {}
        self._texts: dict[str, ast.expr | None] = {}
        for node in ast.walk(tree):
            if isinstance(node, Function):
                self._functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                self._texts[name] = None if name in self._texts else node.value  # one that is set twice says nothing

    def text(self, node: ast.expr) -> str | None:
        """Return the text an expression stands for: a literal, a name of one, or an f-string of these; None for anything else."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name) if (found := self._texts.get(name)) is not None:
                return self.text(found)
            case ast.JoinedStr(values=parts):
                texts = [self.text(part.value if isinstance(part, ast.FormattedValue) else part) for part in parts]
                return None if None in texts else "".join(filter(None, texts))
            case _:
                return None

    def bodies_of(self, handler: ast.expr) -> Bodies:
        """Return the bodies of the handler that a route names: `self.place`, or `place`."""
        name = _last_name(handler)
        if name is None or len(self._functions.get(name, ())) != 1:
            return NO_BODIES
        taken, given = set[str](), set[str | None]()
        for call in self._calls(name, depth=_FOLLOWED_CALLS):
            called = _last_name(call.func)
            if called == "read_body" and len(call.args) == 2:
                taken.add(_last_name(call.args[1]) or "")
            elif called == "json" and call.args:
                given.add(self._class_of(call.args[0]))
        return Bodies(self._only(taken), self._only(given))

    def _calls(self, name: str, *, depth: int) -> Iterator[ast.Call]:
        """Give the calls of a function, and of those functions of this file that it calls, or hands on by name."""
        seen = {name}
        waiting = [(name, depth)]
        while waiting:
            current, left = waiting.pop()
            for node in ast.walk(self._functions[current][0]):
                if isinstance(node, ast.Call):
                    yield node
                mentioned = _last_name(node) if isinstance(node, ast.Name | ast.Attribute) else None
                if left and mentioned is not None and mentioned not in seen and len(self._functions.get(mentioned, ())) == 1:
                    seen.add(mentioned)
                    waiting.append((mentioned, left - 1))

    def _class_of(self, value: ast.expr) -> str | None:
        """Return the class of what a call makes: by its name, or by what the function of this file says it returns."""
        if not isinstance(value, ast.Call):
            return None
        name = _last_name(value.func) or ""
        if name in self._structs:
            return name
        if isinstance(value.func, ast.Attribute) and (owner := _last_name(value.func.value)) in self._structs:
            return owner
        functions = self._functions.get(name, ())
        return _last_name(functions[0].returns) if len(functions) == 1 and functions[0].returns is not None else None

    def _only(self, names: set[str] | set[str | None]) -> Shape | None:
        return self._structs.shape(next(iter(names))) if len(names) == 1 else None


def _property(field: ast.AnnAssign, *, is_camel: bool) -> str:
    """Return a field's name in JSON, as msgspec gives it."""
    if isinstance(field.value, ast.Call):
        for keyword in field.value.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    name = field.target.id if isinstance(field.target, ast.Name) else ""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest) if is_camel else name


def _last_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Constant(value=str(name)):
            return name
        case _:
            return None
