"""What Avro's specification (1.12, "Schema Declaration") demands of a schema: known types, named types once, defaults that fit."""

from __future__ import annotations

import re
from typing import Any

from shop_contracts.compat.avro.types import PRIMITIVES

_INTS = {"int": 2**31, "long": 2**63}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_DEPTH = 100


class InvalidAvro(ValueError):
    """The JSON is no Avro schema; the message says where and why."""


def check_avro(schema: Any, *, known: set[str] | None = None) -> None:
    """Check a schema that was parsed from JSON. `known` are full names that references define. Raises InvalidAvro."""
    _Check(known or set()).check(schema, "", "#", 0)


class _Check:
    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._named: dict[str, Any] = {}

    def check(self, schema: Any, namespace: str, path: str, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise InvalidAvro(f"{path[:80]}…: types are nested more than {_MAX_DEPTH} deep")
        if isinstance(schema, list):
            self._check_union(schema, namespace, path, depth)
        elif isinstance(schema, str):
            self._check_name(schema, namespace, path)
        elif isinstance(schema, dict) and "type" in schema:
            self._check_object(schema, namespace, path, depth)
        else:
            raise InvalidAvro(f"{path}: a type is a name, an object with a `type`, or a union; this is {str(schema)[:80]}")

    def _check_name(self, name: str, namespace: str, path: str) -> None:
        if name not in PRIMITIVES and self._find(name, namespace) is None:
            raise InvalidAvro(f'{path}: "{name}" is not a defined name; it must be a primitive type or be defined before')

    def _find(self, name: str, namespace: str) -> str | None:
        for full in ([f"{namespace}.{name}"] if namespace and "." not in name else []) + [name]:
            if full in self._named or full in self._known:
                return full
        return None

    def _check_union(self, branches: list[Any], namespace: str, path: str, depth: int) -> None:
        kinds: set[str] = set()
        for index, branch in enumerate(branches):
            if isinstance(branch, list):
                raise InvalidAvro(f"{path}/{index}: a union may not hold another union")
            self.check(branch, namespace, f"{path}/{index}", depth + 1)
            kind = branch if isinstance(branch, str) else str(branch.get("name") or branch["type"])
            if kind in kinds:
                raise InvalidAvro(f"{path}: {kind} is twice in the union")
            kinds.add(kind)

    def _check_object(self, schema: dict[str, Any], namespace: str, path: str, depth: int) -> None:
        kind = schema["type"]
        if kind in {"record", "error", "enum", "fixed"}:
            self._check_named(schema, kind, namespace, path, depth)
        elif kind in {"array", "map"}:
            inner = "items" if kind == "array" else "values"
            if inner not in schema:
                raise InvalidAvro(f"{path}: {kind} needs `{inner}`")
            self.check(schema[inner], namespace, f"{path}/{inner}", depth + 1)
        else:
            self.check(kind, namespace, path, depth + 1)

    def _check_named(self, schema: dict[str, Any], kind: str, namespace: str, path: str, depth: int) -> None:
        name = schema.get("name")
        if not isinstance(name, str) or not all(_NAME.fullmatch(part) for part in name.split(".")):
            raise InvalidAvro(f"{path}: {kind} needs a `name` of letters, digits and underscores; it has {name!r}")
        own = name.rpartition(".")[0] or schema.get("namespace", namespace) or ""
        full = name if "." in name or not own else f"{own}.{name}"
        if full in self._named:
            raise InvalidAvro(f"{path}: {full} is defined twice")
        self._named[full] = schema
        if kind == "enum":
            self._check_enum(schema, path)
        elif kind == "fixed":
            if not _is_int(schema.get("size")) or schema["size"] < 0:
                raise InvalidAvro(f"{path}: fixed needs a `size` in bytes")
        else:
            self._check_fields(schema, own, f"{path}/{name}", depth)

    def _check_enum(self, schema: dict[str, Any], path: str) -> None:
        symbols = schema.get("symbols")
        if not isinstance(symbols, list) or not all(isinstance(each, str) and _NAME.fullmatch(each) for each in symbols):
            raise InvalidAvro(f"{path}: enum needs `symbols`, a list of names")
        if len(set(symbols)) != len(symbols):
            raise InvalidAvro(f"{path}: a symbol of the enum is there twice")
        if "default" in schema and schema["default"] not in symbols:
            raise InvalidAvro(f"{path}: the default {schema['default']!r} is no symbol of the enum")

    def _check_fields(self, schema: dict[str, Any], namespace: str, path: str, depth: int) -> None:
        fields, seen = schema.get("fields"), set()
        if not isinstance(fields, list):
            raise InvalidAvro(f"{path}: record needs `fields`, a list")
        for field in fields:
            name = field.get("name") if isinstance(field, dict) else None
            if not isinstance(name, str) or not _NAME.fullmatch(name) or "type" not in field:
                raise InvalidAvro(f"{path}: a field needs a `name` and a `type`; this is {str(field)[:80]}")
            if name in seen:
                raise InvalidAvro(f"{path}: the field {name} is there twice")
            seen.add(name)
            self.check(field["type"], namespace, f"{path}/{name}", depth + 1)
            if "default" in field and not self._fits(field["default"], field["type"], namespace):
                raise InvalidAvro(f"{path}/{name}: the default {field['default']!r} is not of the field's type")

    def _fits(self, value: Any, schema: Any, namespace: str) -> bool:  # noqa: PLR0911 - one return a kind of type
        """Return whether a default is of a type: of any branch of a union, as the specification has it since 1.12."""
        if isinstance(schema, list):
            return any(self._fits(value, branch, namespace) for branch in schema)
        if isinstance(schema, str) and schema not in PRIMITIVES:
            schema = self._named.get(self._find(schema, namespace) or "", None)
            return schema is None or self._fits(value, schema, namespace)  # a type of a reference is not looked into
        kind = schema["type"] if isinstance(schema, dict) else schema
        if not isinstance(kind, str) or kind not in _FITS:
            return self._fits(value, kind, namespace)
        if kind == "array":
            return isinstance(value, list) and all(self._fits(each, schema["items"], namespace) for each in value)
        if kind == "map":
            return isinstance(value, dict) and all(self._fits(each, schema["values"], namespace) for each in value.values())
        if kind in {"record", "error"}:
            return isinstance(value, dict) and all(
                self._fits(value[field["name"]], field["type"], namespace) if field["name"] in value else "default" in field
                for field in schema["fields"]
            )
        if kind == "enum":
            return value in schema["symbols"]
        return bool(_FITS[kind](value))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_FITS: dict[str, Any] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: _is_int(value) and -_INTS["int"] <= value < _INTS["int"],
    "long": lambda value: _is_int(value) and -_INTS["long"] <= value < _INTS["long"],
    "float": lambda value: _is_int(value) or isinstance(value, float),
    "double": lambda value: _is_int(value) or isinstance(value, float),
    "bytes": lambda value: isinstance(value, str),
    "string": lambda value: isinstance(value, str),
    "fixed": lambda value: isinstance(value, str),
    "array": None,
    "map": None,
    "record": None,
    "error": None,
    "enum": None,
}
