"""Compatibility for the registry: its levels and its error messages over the checker that the offline check uses too."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat import Level, Schema, check
from shop_contracts.compat import Reference as CheckedReference
from shop_contracts.compat.avro.judge import AvroVersion
from shop_contracts.compat.avro.judge import judge as judge_avro
from shop_contracts.compat.json_schema.judge import JsonVersion
from shop_contracts.compat.json_schema.judge import judge as judge_json
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.registry.content import ReadSchema, SchemaReader, remember_by_id
from shop_contracts.registry.model import Content, SchemaType, Settings, Version
from shop_contracts.registry.store import Store


class CompatibilityCheck:
    """Says what speaks against a new version of a subject."""

    def __init__(self, reader: SchemaReader) -> None:
        self._reader = reader
        self._earlier = remember_by_id(self._checked)
        self._earlier_avro = remember_by_id(self._checked_avro)
        self._earlier_json = remember_by_id(self._checked_json)

    def objections(self, store: Store, new: ReadSchema, earlier: Sequence[Version], settings: Settings) -> list[str]:
        """Confluent's messages about `new` after `earlier` (oldest first, none deleted); empty when it fits."""
        level = settings.level or Level.NONE
        counted = _same_group(new.content, earlier, settings)
        if level is Level.NONE or not counted:
            return []
        if not level.is_transitive:
            counted = counted[-1:]
        if any(version.content.schema_type is not new.content.schema_type for version in counted):
            other = next(v for v in reversed(counted) if v.content.schema_type is not new.content.schema_type)
            return [
                "{errorType:'SCHEMA_TYPE_CHANGED', description:'Incompatible because of different schema type: "
                f"{new.content.schema_type} after {other.content.schema_type}'}}",
                f"{{oldSchemaVersion: {other.version}}}",
                f"{{compatibility: '{level}'}}",
            ]
        validate_fields = bool(settings.fields.get("validateFields"))
        if new.content.schema_type is SchemaType.AVRO:
            versions = [self._earlier_avro(store, version) for version in counted]
            report = judge_avro(versions, _avro_version(new, None), level=level, validate_fields=validate_fields)
            return list(report.messages)
        if new.content.schema_type is SchemaType.JSON:
            policy = Policy(settings.fields.get("compatibilityPolicy") or Policy.STRICT)
            earlier_json = [self._earlier_json(store, version) for version in counted]
            judged = judge_json(earlier_json, _json_version(new, None), level=level, policy=policy, validate_fields=validate_fields)
            return list(judged.messages)
        report = check(
            [self._earlier(store, version) for version in counted],
            _schema(new, None),
            level=level,
            validate_fields=validate_fields,
        )
        return [] if report.compatible else list(report.messages)

    def _checked_avro(self, store: Store, version: Version) -> AvroVersion:
        return _avro_version(self._reader.read_version(store, version), version.version)

    def _checked_json(self, store: Store, version: Version) -> JsonVersion:
        return _json_version(self._reader.read_version(store, version), version.version)

    def _checked(self, store: Store, version: Version) -> Schema:
        return _schema(self._reader.read_version(store, version), version.version)


def _avro_version(read: ReadSchema, version: int | None) -> AvroVersion:
    if read.avro is None:
        raise TypeError(f"{read.content.schema_type} schemas are no Avro schemas")
    return AvroVersion(version, read.content.schema, read.avro, _properties(read.content))


def _json_version(read: ReadSchema, version: int | None) -> JsonVersion:
    if read.json_schema is None:
        raise TypeError(f"{read.content.schema_type} schemas are no JSON Schemas")
    return JsonVersion(version, read.content.schema, read.json_schema, _properties(read.content))


def _schema(read: ReadSchema, version: int | None) -> Schema:
    if read.compiled is None:
        raise TypeError(f"{read.content.schema_type} schemas are not compiled")
    references = {each.name: CheckedReference(each.subject, each.version) for each in read.references}
    return Schema.compiled(
        read.compiled, references=references, version=version, text=read.content.schema, metadata=_properties(read.content)
    )


def _properties(content: Content) -> dict[str, str]:
    properties = content.metadata.get("properties") if isinstance(content.metadata, dict) else None
    return properties if isinstance(properties, dict) else {}


def _same_group(new: Content, earlier: Sequence[Version], settings: Settings) -> list[Version]:
    """With a compatibilityGroup set, only versions with the same value of that metadata property are compared."""
    group = settings.fields.get("compatibilityGroup")
    if not group:
        return list(earlier)
    value = _properties(new).get(group)
    return [version for version in earlier if _properties(version.content).get(group) == value]
