"""Avro schemas printed: one text for all that mean the same, in the order of keys that Apache Avro's Java library writes.

A type without further properties is its name alone; a namespace is written where it is not that of the surroundings. The normal
form leaves out what says nothing and puts properties in order besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from shop_contracts.compat.avro.types import PRIMITIVES, Type, full_name

_RESERVED = frozenset(("type", "name", "namespace", "doc", "fields", "items", "values", "symbols", "size", "aliases"))
_RESERVED_OF_FIELD = frozenset(("name", "type", "doc", "default", "order", "aliases"))


def printed(type_: Type, *, normal: bool = False) -> str:
    """Return the text of a type; what it takes from references stays a name."""
    data = _Printer(normal=normal).type(type_.schema, "", "")
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class _Printer:
    def __init__(self, *, normal: bool) -> None:
        self._normal = normal

    def type(self, schema: Any, namespace: str, around: str) -> Any:
        """Return a type as JSON. `namespace` is where its names are looked up, `around` is the one that need not be written."""
        if isinstance(schema, list):
            return [self.type(branch, namespace, around) for branch in schema]
        if isinstance(schema, str):
            return schema if schema in PRIMITIVES else _shortened(_qualified(schema, namespace), around)
        match schema["type"]:
            case "record" | "error" | "enum" | "fixed":
                return self._named(schema, namespace, around)
            case "array":
                inner = {"items": self.type(schema["items"], namespace, around)}
            case "map":
                inner = {"values": self.type(schema["values"], namespace, around)}
            case _:
                inner = {}
        further = self._further(schema, _RESERVED)
        return {"type": schema["type"], **inner, **further} if inner or further else self.type(schema["type"], namespace, around)

    def _named(self, schema: Mapping[str, Any], namespace: str, around: str) -> dict[str, Any]:
        full = full_name(schema, namespace)
        own, _, name = full.rpartition(".")
        said: dict[str, Any] = {"type": schema["type"], "name": name}
        if own != around:
            said["namespace"] = own
        if schema.get("doc") or ("doc" in schema and not self._normal):
            said["doc"] = schema["doc"]
        if "fields" in schema:
            said["fields"] = [self._field(field, own) for field in schema["fields"]]
        for word in ("symbols", "size"):
            if word in schema:
                said[word] = schema[word]
        if schema["type"] == "enum" and schema.get("default") is not None:
            said["default"] = schema["default"]
        said |= self._further(schema, _RESERVED | {"default"} if schema["type"] == "enum" else _RESERVED)
        if schema.get("aliases"):
            said["aliases"] = self._sorted(_shortened(_qualified(alias, own), own) for alias in schema["aliases"])
        return said

    def _field(self, field: Mapping[str, Any], namespace: str) -> dict[str, Any]:
        said: dict[str, Any] = {"name": field["name"], "type": self.type(field["type"], namespace, namespace)}
        said |= {word: field[word] for word in ("doc", "default") if word in field}
        if field.get("order", "ascending") != "ascending":
            said["order"] = field["order"]
        if field.get("aliases"):
            said["aliases"] = self._sorted(field["aliases"])
        return said | self._further(field, _RESERVED_OF_FIELD)

    def _further(self, said: Mapping[str, Any], reserved: frozenset[str]) -> dict[str, Any]:
        found = {word: value for word, value in said.items() if word not in reserved}
        return dict(sorted(found.items())) if self._normal else found

    def _sorted(self, aliases: Iterable[str]) -> list[str]:
        return sorted(aliases) if self._normal else list(aliases)


def _qualified(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _shortened(full: str, around: str) -> str:
    space, _, name = full.rpartition(".")
    return name if space == around else full
