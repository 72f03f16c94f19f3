"""Tags inside schemas: which record or field carries which, and a schema in which they are others.

Avro and JSON Schemas carry them under `confluent:tags`, Protobuf in Confluent's options. Paths are Confluent's: the full name of an
Avro record, the path of a Protobuf message, `object.field` in a JSON Schema, with a branch's place (`object.a.oneof.0.object.b`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from shop_contracts.protobuf.options import print_with_tags, tags_of
from shop_contracts.registry import errors
from shop_contracts.registry.content import ReadSchema
from shop_contracts.registry.model import SchemaType

_TAGS = "confluent:tags"
_BRANCHES = ("allOf", "anyOf", "oneOf")


class EntityType(StrEnum):
    """What carries a tag."""

    RECORD = "sr_record"
    FIELD = "sr_field"


class Entity(NamedTuple):
    """A record or a field of a schema, by its path."""

    path: str
    type: EntityType


@dataclass(frozen=True)
class TagChanges:
    """Tags to add to a schema and to remove from it; what is in both is removed."""

    added: Mapping[Entity, Iterable[str]] = field(default_factory=dict)
    removed: Mapping[Entity, Iterable[str]] = field(default_factory=dict)


def find_tags(read: ReadSchema) -> dict[Entity, list[str]]:
    """Return all tags that a schema carries, in its order."""
    if read.compiled is not None:
        return {Entity(path, _type(is_field)): tags for (path, is_field), tags in tags_of(read.compiled).items()}
    nodes = _nodes(read)
    return {entity: tags for entity, node in nodes.items() if (tags := _tags_at(node))}


def _type(is_field: bool) -> EntityType:
    return EntityType.FIELD if is_field else EntityType.RECORD


def with_tags(read: ReadSchema, sources: Mapping[str, str], changes: TagChanges, *, lenient: bool = False) -> str:
    """Return the schema's text with its tags changed. `sources` are the texts of its references, by import name.

    Raises RegistryError 42201 for an entity that it does not have; `lenient` passes it over.
    """
    now = find_tags(read)
    wanted = {entity: _changed(now.get(entity, []), entity, changes) for entity in {**changes.added, **changes.removed}}
    if read.compiled is not None:
        return _retagged_protobuf(read, sources, wanted, lenient=lenient)
    parsed = msgspec.json.decode(read.content.schema)
    nodes = dict(_walk(read.content.schema_type)(parsed))
    for entity, tags in wanted.items():
        node = nodes.get(entity)
        if node is None:
            if not lenient:
                raise _no_entity(entity)
            continue
        node.pop(_TAGS, None)
        if tags:
            node[_TAGS] = tags
    return msgspec.json.encode(parsed).decode()


def _changed(now: list[str], entity: Entity, changes: TagChanges) -> list[str]:
    removed = set(changes.removed.get(entity, ()))
    return [tag for tag in dict.fromkeys([*now, *changes.added.get(entity, ())]) if tag not in removed]


def _retagged_protobuf(read: ReadSchema, sources: Mapping[str, str], wanted: dict[Entity, list[str]], *, lenient: bool) -> str:
    if read.compiled is None:
        raise TypeError("no Protobuf schema")
    by_place = {(path, type_ is EntityType.FIELD): tags for (path, type_), tags in wanted.items()}
    while True:
        try:
            return print_with_tags(read.compiled, sources, by_place)
        except KeyError as error:
            path, is_field = missing = error.args[0]
            if not lenient:
                raise _no_entity(Entity(path, _type(is_field))) from error
            del by_place[missing]


def _no_entity(entity: Entity) -> errors.RegistryError:
    return errors.invalid_schema(f"it has no {entity.type.removeprefix('sr_')} {entity.path} to put tags on")


def _nodes(read: ReadSchema) -> dict[Entity, dict[str, Any]]:
    return dict(_walk(read.content.schema_type)(msgspec.json.decode(read.content.schema)))


def _walk(schema_type: SchemaType) -> Callable[[Any], Iterator[tuple[Entity, dict[str, Any]]]]:
    return _avro_entities if schema_type is SchemaType.AVRO else _json_entities


def _tags_at(node: Mapping[str, Any]) -> list[str]:
    tags = node.get(_TAGS)
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _avro_entities(schema: Any, namespace: str = "") -> Iterator[tuple[Entity, dict[str, Any]]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _avro_entities(branch, namespace)
    elif isinstance(schema, dict) and schema.get("type") in {"record", "error"}:
        name, own = schema["name"], schema.get("namespace", namespace)
        full = name if "." in name or not own else f"{own}.{name}"
        yield Entity(full, EntityType.RECORD), schema
        for each in schema["fields"]:
            yield Entity(f"{full}.{each['name']}", EntityType.FIELD), each
            yield from _avro_entities(each["type"], full.rpartition(".")[0])
    elif isinstance(schema, dict):
        for inner in ("type", "items", "values"):
            yield from _avro_entities(schema.get(inner), namespace)


def _json_entities(schema: Any, scope: str = "", *, is_property: bool = False) -> Iterator[tuple[Entity, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    for keyword in _BRANCHES:
        for index, branch in enumerate(_list(schema.get(keyword))):
            yield from _json_entities(branch, f"{scope}{keyword.lower()}.{index}.")
    for keyword in ("if", "then", "else"):
        yield from _json_entities(schema.get(keyword), f"{scope}conditional.{keyword}.")
    yield from _json_entities(schema.get("not"), f"{scope}not.")
    yield from _json_entities(schema.get("items"), f"{scope}array.")
    if schema.get("type") == "object" or "properties" in schema:
        yield from _object_entities(schema, f"{scope}object", is_property=is_property)
    elif not scope:
        yield from _definitions(schema, "")


def _object_entities(schema: dict[str, Any], scope: str, *, is_property: bool) -> Iterator[tuple[Entity, dict[str, Any]]]:
    if not is_property:
        yield Entity(scope, EntityType.RECORD), schema
    for name, value in _dict(schema.get("properties")).items():
        if isinstance(value, dict):
            yield Entity(f"{scope}.{name}", EntityType.FIELD), value
            yield from _json_entities(value, f"{scope}.{name}.", is_property=True)
    yield from _definitions(schema, f"{scope}.")


def _definitions(schema: dict[str, Any], scope: str) -> Iterator[tuple[Entity, dict[str, Any]]]:
    for keyword in ("definitions", "$defs"):
        for name, value in _dict(schema.get(keyword)).items():
            yield from _json_entities(value, f"{scope}{keyword}.{name}.")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
