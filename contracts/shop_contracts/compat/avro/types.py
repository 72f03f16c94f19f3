"""Avro schemas as types: what JSON writes down in several ways, once, with names found wherever they are used.

https://avro.apache.org/docs/1.12.0/specification/#schema-declaration
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field of a record, with its type as it stands there."""

    name: str
    aliases: tuple[str, ...]
    has_default: bool
    default: Any
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A type at the place it is used. `kind` is its name in lower case; named types are looked up by `definition`."""

    schema: Any
    namespace: str
    names: Names

    @property
    def kind(self) -> str:
        """Return `record`, `union`, `long` and so on; a use of a name is of the kind that the name has."""
        schema = self.definition.schema
        if isinstance(schema, list):
            return "union"
        if isinstance(schema, str):
            return schema
        return "record" if schema["type"] == "error" else str(schema["type"])

    @property
    def definition(self) -> Type:
        """Return where the type is defined: names followed, and `{"type": …}` around a type taken off."""
        schema, namespace = self.schema, self.namespace
        while isinstance(schema, dict) and not (isinstance(schema["type"], str) and schema["type"] in COMPLEX):
            schema = schema["type"]
        if isinstance(schema, str) and schema not in PRIMITIVES:
            return self.names.find(schema, namespace)
        return Type(schema, namespace, self.names)

    @property
    def key(self) -> int:
        """What tells the definition from others; a definition stands at one place in its JSON."""
        return id(self.definition.schema)

    def word(self, name: str) -> Any:
        """Return what the definition says at a key; None where it says nothing, or is no object."""
        schema = self.definition.schema
        return schema.get(name) if isinstance(schema, dict) else None

    @property
    def name(self) -> str:
        """The name without its namespace."""
        return str(self.word("name")).rpartition(".")[2]

    @property
    def full_name(self) -> str:
        """The name with its namespace."""
        definition = self.definition
        return full_name(definition.schema, definition.namespace)

    @property
    def aliases(self) -> frozenset[str]:
        """The full names that a reader takes for its own."""
        own = self.full_name.rpartition(".")[0]
        return frozenset(alias if "." in alias or not own else f"{own}.{alias}" for alias in self.word("aliases") or ())

    def self_contained(self) -> Any:
        """Return the JSON with the names that references define written out where they are used first."""
        return self.names.written_out(self.schema, "", set())

    def inside(self, keyword: str) -> Type:
        """Return the type of the elements or values."""
        definition = self.definition
        return Type(definition.schema[keyword], definition.namespace, self.names)

    @property
    def branches(self) -> list[Type]:
        """The types of a union."""
        definition = self.definition
        return [Type(branch, definition.namespace, self.names) for branch in definition.schema]

    @property
    def fields(self) -> list[Field]:
        """The fields of a record."""
        definition = self.definition
        namespace = self.full_name.rpartition(".")[0]
        return [
            Field(
                one["name"],
                tuple(one.get("aliases") or ()),
                "default" in one,
                one.get("default"),
                Type(one["type"], namespace, self.names),
            )
            for one in definition.schema["fields"]
        ]


COMPLEX = frozenset(("record", "error", "enum", "fixed", "array", "map"))


class Names:
    """The named types of a schema and of what it refers to."""

    def __init__(self) -> None:
        self._known: dict[str, Type] = {}

    def add(self, schema: Any, namespace: str = "") -> None:
        """Take in the names that a schema defines, wherever inside it."""
        if isinstance(schema, list):
            for branch in schema:
                self.add(branch, namespace)
        elif isinstance(schema, dict):
            kind = schema.get("type")
            if kind in {"record", "error", "enum", "fixed"}:
                full = full_name(schema, namespace)
                self._known[full] = Type(schema, namespace, self)
                for field in schema.get("fields") or ():
                    self.add(field["type"], full.rpartition(".")[0])
            elif kind in {"array", "map"}:
                self.add(schema.get("items" if kind == "array" else "values"), namespace)
            else:
                self.add(kind, namespace)

    def written_out(self, schema: Any, namespace: str, told: set[str]) -> Any:  # noqa: PLR0911 - one return a form
        """Return a schema with every name defined at its first use, written in full; `told` are those that are defined already."""
        match schema:
            case list():
                return [self.written_out(branch, namespace, told) for branch in schema]
            case str() if schema not in PRIMITIVES:
                found = self.find(schema, namespace)
                return self.written_out(found.schema, found.namespace, told)
            case {"items": inner}:
                return {**schema, "items": self.written_out(inner, namespace, told)}
            case {"values": inner}:
                return {**schema, "values": self.written_out(inner, namespace, told)}
            case {"name": _}:
                return self._definition_written_out(schema, full_name(schema, namespace), told)
            case {"type": kind} if not isinstance(kind, str) or kind not in PRIMITIVES:
                return self.written_out(kind, namespace, told)
        return schema

    def _definition_written_out(self, schema: dict[str, Any], full: str, told: set[str]) -> Any:
        if full in told:
            return full
        told.add(full)
        said = {word: value for word, value in schema.items() if word != "namespace"} | {"name": full}
        if "fields" in schema:
            own = full.rpartition(".")[0]
            said["fields"] = [{**field, "type": self.written_out(field["type"], own, told)} for field in schema["fields"]]
        return said

    def find(self, name: str, namespace: str) -> Type:
        """Return the type of a name as it is used in a namespace. Raises KeyError for one that nobody defines."""
        full = f"{namespace}.{name}" if namespace and "." not in name else name
        return self._known.get(full) or self._known[name]


def full_name(schema: Any, namespace: str) -> str:
    """Return the full name of a named type that is defined in a namespace."""
    name = str(schema["name"])
    own = schema.get("namespace", namespace)
    return name if "." in name or not own else f"{own}.{name}"


def parse(schema: Any, references: Iterable[Any] = ()) -> Type:
    """Return the type that valid JSON of a schema describes; `references` are the schemas whose names it uses."""
    names = Names()
    for one in (*references, schema):
        names.add(one)
    return Type(schema, "", names)
