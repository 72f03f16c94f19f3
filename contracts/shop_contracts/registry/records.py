"""The topic's record format: Confluent's, so that its tools and its registry can read the topic, and we read theirs.

Keys and values are JSON. What a schema is identical with is expensive to find out (it has to be compiled), so it travels in a
record header of ours, which other readers ignore.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from shop_contracts.registry.model import Association, Content, Identity, Reference, SchemaType, Settings, Version

IDENTITY_HEADER = "shop.identity"
IDENTITY_SCHEME = b"2"
"""Goes up when identities are made in another way; records of another scheme are identified anew when they are read."""


DEFAULT_TENANT = "default"
"""The only one there is outside Confluent's cloud."""


class Record(NamedTuple):
    """What is written under a key; a value of None removes the key."""

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class SchemaKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="SCHEMA"):
    """Names a version of a subject."""

    subject: str
    version: int
    magic: int = 1


class ConfigKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="CONFIG"):
    """Names the config of a subject, or the global one."""

    subject: str | None = None
    magic: int = 0


class ModeKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="MODE"):
    """Names the mode of a subject, or the global one."""

    subject: str | None = None
    magic: int = 0


class DeleteSubjectKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="DELETE_SUBJECT"):
    """Names a subject whose versions up to one were deleted softly."""

    subject: str
    magic: int = 0


class ClearSubjectKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="CLEAR_SUBJECT"):
    """Names a subject, a context or (None) everything, cleared of what was deleted: Confluent writes it, we only read it."""

    subject: str | None = None
    magic: int = 0


class ContextKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="CONTEXT"):
    """Names a context."""

    tenant: str | None = None
    context: str | None = None
    magic: int = 0


class AssociationKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="ASSOC", rename="camel"):
    """Names an association of a subject with a resource."""

    tenant: str
    resource_name: str
    resource_namespace: str
    resource_type: str
    association_type: str
    subject: str
    magic: int = 0

    @property
    def place(self) -> tuple[str, ...]:
        """What no other association has: see `Association.place`."""
        return self.resource_name, self.resource_namespace, self.resource_type, self.association_type, self.subject


class NoopKey(msgspec.Struct, frozen=True, tag_field="keytype", tag="NOOP"):
    """Names nothing: a record to find the end of the topic by, or, with `magic` 1, the highest ids given out."""

    magic: int = 0


Key = SchemaKey | ConfigKey | ModeKey | DeleteSubjectKey | ClearSubjectKey | ContextKey | AssociationKey | NoopKey


class SchemaValue(msgspec.Struct, frozen=True):
    """A version as it was registered; `deleted` marks a soft delete."""

    subject: str
    version: int
    id: int
    schema: str
    schemaType: SchemaType | None = None  # noqa: N815 - the format's own name
    references: tuple[Reference, ...] | None = None
    metadata: Any = None
    ruleSet: Any = None  # noqa: N815 - the format's own name
    deleted: bool | None = False

    def content(self) -> Content:
        """Return the schema by itself."""
        return Content(
            schema=self.schema,
            schema_type=self.schemaType or SchemaType.AVRO,
            references=self.references or (),
            metadata=self.metadata,
            rule_set=self.ruleSet,
        )


class ModeValue(msgspec.Struct, frozen=True):
    """A mode as it was set."""

    mode: str
    subject: str | None = None


class DeleteSubjectValue(msgspec.Struct, frozen=True):
    """The last version that the soft delete of a subject took."""

    subject: str
    version: int


class MaxIdsValue(msgspec.Struct, frozen=True):
    """Ours: the highest id ever given out in each context, so that none is given out again after a permanent delete."""

    maxIds: dict[str, int] = {}  # noqa: N815 - beside the format's other names


decode_key = msgspec.json.Decoder(Key).decode
decode_schema = msgspec.json.Decoder(SchemaValue).decode
decode_mode = msgspec.json.Decoder(ModeValue).decode
decode_delete = msgspec.json.Decoder(DeleteSubjectValue).decode
decode_association = msgspec.json.Decoder(Association).decode
decode_max_ids = msgspec.json.Decoder(MaxIdsValue).decode
decode_config = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def schema_record(version: Version) -> Record:
    """Write a version as it is now."""
    content = version.content
    value: dict[str, Any] = {"subject": version.subject, "version": version.version, "id": version.id}
    if content.schema_type is not SchemaType.AVRO:
        value["schemaType"] = content.schema_type
    if content.references:
        value["references"] = content.references
    if content.metadata is not None:
        value["metadata"] = content.metadata
    if content.rule_set is not None:
        value["ruleSet"] = content.rule_set
    value |= {"schema": content.schema, "deleted": version.deleted}
    header = b" ".join([IDENTITY_SCHEME, version.identity.canonical.encode(), version.identity.normal.encode()])
    return Record(_encode(SchemaKey(version.subject, version.version)), _encode(value), ((IDENTITY_HEADER, header),))


def schema_tombstone(subject: str, version: int) -> Record:
    """Forget a version."""
    return Record(_encode(SchemaKey(subject, version)), None)


def delete_subject_record(subject: str, version: int) -> Record:
    """Soft-delete all versions of a subject up to `version`."""
    return Record(_encode(DeleteSubjectKey(subject)), _encode({"subject": subject, "version": version}))


def config_record(subject: str | None, settings: Settings | None) -> Record:
    """Set a config, or forget it with None. A subject of None is the whole registry."""
    value = None if settings is None else _encode({"subject": subject, **settings.fields})
    return Record(_encode(ConfigKey(subject)), value)


def mode_record(subject: str | None, mode: str | None) -> Record:
    """Set a mode, or forget it with None. A subject of None is the whole registry."""
    return Record(_encode(ModeKey(subject)), None if mode is None else _encode({"subject": subject, "mode": mode}))


def context_record(context: str, *, is_there: bool = True) -> Record:
    """Note a context, or forget it."""
    named = {"tenant": DEFAULT_TENANT, "context": context}
    return Record(_encode(ContextKey(DEFAULT_TENANT, context)), _encode(named) if is_there else None)


def association_record(association: Association) -> Record:
    """Keep an association."""
    value = {"tenant": DEFAULT_TENANT, **msgspec.to_builtins(association)}
    return Record(_encode(_key_of(association)), _encode(value))


def association_tombstone(association: Association) -> Record:
    """Forget an association."""
    return Record(_encode(_key_of(association)), None)


def _key_of(association: Association) -> AssociationKey:
    name, namespace, resource_type, association_type, subject = association.place
    return AssociationKey(DEFAULT_TENANT, name, namespace, resource_type, association_type, subject)


def barrier_record() -> Record:
    """Change nothing: reading it back proves that everything before it has been read."""
    return Record(_encode(NoopKey()), None)


def max_ids_record(max_ids: Mapping[str, int]) -> Record:
    """Keep the highest ids beyond a permanent delete of the schemas that have them.

    The key is a no-operation of another magic number, which Confluent's reader skips, so that no barrier compacts it away.
    """
    return Record(_encode(NoopKey(magic=1)), _encode({"maxIds": max_ids}))


def identity_in(headers: tuple[tuple[str, bytes], ...]) -> Identity | None:
    """Return the identity a record of ours carries; None for one that another registry (or another scheme) wrote."""
    for name, value in headers:
        if name == IDENTITY_HEADER:
            match value.split(b" "):
                case [scheme, canonical, normal] if scheme == IDENTITY_SCHEME:
                    return Identity(canonical.decode(), normal.decode())
    return None
