"""The forms a schema is answered in: as it was registered, or as `format` asks for it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from shop_contracts.compat.avro.types import PRIMITIVES
from shop_contracts.protobuf.compiled import CompiledProto
from shop_contracts.protobuf.options import print_without_extensions
from shop_contracts.registry.content import SchemaReader, remember_by_id, sources_of
from shop_contracts.registry.model import SchemaType, Version
from shop_contracts.registry.store import Store

_NAMED = {"record", "error", "enum", "fixed"}


class Forms:
    """Makes the forms and remembers them, since under an id there is always the same schema."""

    def __init__(self, reader: SchemaReader) -> None:
        self._reader = reader
        self._made: dict[tuple[SchemaType, str], Callable[[Store, Version], str]] = {
            (SchemaType.PROTOBUF, "serialized"): remember_by_id(self._serialized),
            (SchemaType.PROTOBUF, "ignore_extensions"): remember_by_id(self._without_extensions),
            (SchemaType.AVRO, "resolved"): remember_by_id(self._resolved),
        }

    def text(self, store: Store, version: Version, form: str | None) -> str:
        """Return the schema in a form; in its own where the form is unknown or belongs to another type of schema."""
        made = self._made.get((version.content.schema_type, (form or "").lower()))
        return made(store, version) if made is not None else version.content.schema

    def _serialized(self, store: Store, version: Version) -> str:
        return base64.b64encode(self._compiled(store, version).file.SerializeToString()).decode()

    def _without_extensions(self, store: Store, version: Version) -> str:
        return print_without_extensions(self._compiled(store, version))

    def _compiled(self, store: Store, version: Version) -> CompiledProto:
        compiled = self._reader.read_version(store, version).compiled
        if compiled is None:
            raise TypeError(f"the schema with id {version.id} is no Protobuf schema")
        return compiled

    def _resolved(self, store: Store, version: Version) -> str:
        texts = sources_of(store, self._reader.read_version(store, version)).values()
        sources = [msgspec.json.decode(text) for text in texts]
        schema = msgspec.json.decode(version.content.schema)
        return msgspec.json.encode(resolved_avro(schema, sources)).decode()


def resolved_avro(schema: Any, sources: Iterable[Any]) -> Any:
    """Return an Avro schema in which each type of `sources` is defined where it is first used, and named from then on."""
    known = {name: definition for source in sources for name, definition in _named_types(source, "")}
    return _Resolving(known).resolve(schema, "")


def _full_name(definition: Mapping[str, Any], namespace: str) -> str:
    name = str(definition["name"])
    own = definition.get("namespace", namespace)
    return name if "." in name or not own else f"{own}.{name}"


def _named_types(schema: Any, namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all definitions inside, each with its full name and its namespace written out."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _named_types(branch, namespace)
    elif isinstance(schema, dict):
        if schema.get("type") in _NAMED:
            full = _full_name(schema, namespace)
            namespace = full.rpartition(".")[0]
            yield full, {**schema, "name": full.rpartition(".")[2], "namespace": namespace}
            for field in schema.get("fields", ()):
                yield from _named_types(field["type"], namespace)
        else:
            for inner in ("type", "items", "values"):
                if inner in schema:
                    yield from _named_types(schema[inner], namespace)


class _Resolving:
    def __init__(self, known: dict[str, dict[str, Any]]) -> None:
        self._known = known
        self._defined: set[str] = set()

    def resolve(self, schema: Any, namespace: str) -> Any:
        if isinstance(schema, str):
            return self._resolve_name(schema, namespace)
        if isinstance(schema, list):
            return [self.resolve(branch, namespace) for branch in schema]
        if schema.get("type") in _NAMED:
            full = _full_name(schema, namespace)
            self._defined.add(full)
            inner = full.rpartition(".")[0]
            if "fields" not in schema:
                return schema
            return {**schema, "fields": [{**field, "type": self.resolve(field["type"], inner)} for field in schema["fields"]]}
        return {
            key: self.resolve(value, namespace) if key in {"type", "items", "values"} else value for key, value in schema.items()
        }

    def _resolve_name(self, name: str, namespace: str) -> Any:
        if name in PRIMITIVES or name in {"array", "map"}:
            return name
        full = f"{namespace}.{name}" if "." not in name and namespace else name
        full = full if full in self._known or full in self._defined else name
        if full in self._known and full not in self._defined:
            return self.resolve(self._known[full], "")
        return full if full in self._known else name
