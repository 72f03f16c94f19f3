"""The registry's nouns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from shop_contracts.compat.levels import Level


class SchemaType(StrEnum):
    """Languages of schemas, spelled as the API spells them."""

    AVRO = "AVRO"
    JSON = "JSON"
    PROTOBUF = "PROTOBUF"


class Mode(StrEnum):
    """Who may write to a subject, as the API's `/mode` names it."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"
    FORWARD = "FORWARD"

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be written."""
        return self in {Mode.READONLY, Mode.READONLY_OVERRIDE}

    @property
    def takes_ids(self) -> bool:
        """Whether schemas come with their ids, as they have them in another registry, and are not checked."""
        return self in {Mode.IMPORT, Mode.FORWARD}


DEFAULT_LEVEL = Level.BACKWARD
DEFAULT_MODE = Mode.READWRITE
DEFAULT_CONTEXT = "."
GLOBAL_CONTEXT = ".__GLOBAL"
"""Holds no subjects: its config and mode count wherever a context has none."""
MAX_ID = 2**31 - 1


class Reference(msgspec.Struct, frozen=True):
    """What an import stands for: a version of a subject."""

    name: str
    subject: str
    version: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A schema by itself, as it was registered. `schema` is text; descriptors are printed before they get here."""

    schema: str
    schema_type: SchemaType = SchemaType.AVRO
    references: tuple[Reference, ...] = ()
    metadata: Any = None
    rule_set: Any = None


class Identity(msgspec.Struct, frozen=True):
    """What makes two schemas the same: digests in hex of the canonical form, and of the one that ignores order."""

    canonical: str
    normal: str


class Lifecycle(StrEnum):
    """Whether an association owns its subject or shares it."""

    STRONG = "STRONG"
    WEAK = "WEAK"


class Association(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Says that a subject holds the schema of a resource's keys or values."""

    subject: str
    guid: str
    resource_name: str
    resource_namespace: str
    resource_id: str
    resource_type: str
    association_type: str
    lifecycle: Lifecycle
    frozen: bool = False

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What no other association has, in the order they are listed in."""
        return self.resource_name, self.resource_namespace, self.resource_type, self.association_type, self.subject


@dataclass(slots=True)
class Version:
    """A schema under a subject."""

    subject: str
    version: int
    id: int
    content: Content
    identity: Identity
    deleted: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """What no other version has: subject and number."""
        return self.subject, self.version


@dataclass(frozen=True, slots=True)
class Settings:
    """The fields of a config as they were set; those nobody set are absent."""

    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> Level | None:
        """The level, where one was set here."""
        found = self.fields.get("compatibilityLevel")
        return Level(found) if found is not None else None

    def with_level(self) -> Settings:
        """Return the same with the default level where none was set."""
        return Settings({"compatibilityLevel": DEFAULT_LEVEL, **self.fields})


def context_of(subject: str) -> str:
    """Return the context a qualified subject `:.name:rest` is in; subjects without a qualifier are in the context `.`."""
    return subject[1:].partition(":")[0] if subject.startswith(":.") else DEFAULT_CONTEXT


def qualified(context: str, subject: str) -> str:
    """Return the subject as seen in `context`; a subject that is qualified already stays what it is."""
    if subject.startswith(":."):
        context, subject = context_of(subject), unqualified(subject)
    return subject if context == DEFAULT_CONTEXT else f":{context}:{subject}"


def unqualified(subject: str) -> str:
    """Return the subject without the context it is qualified with."""
    return subject[1:].partition(":")[2] if subject.startswith(":.") else subject


def is_context(subject: str) -> bool:
    """Return whether this is a qualifier without a subject, as in `:.name:`."""
    return subject.startswith(":.") and not unqualified(subject)


def scopes_of(subject: str | None) -> tuple[str | None, ...]:
    """Return whose config and mode count for a subject, the first that has one: its own, its context's, the global context's.

    None stands for the registry, which is the default context. One context's settings never count in another.
    """
    context = context_of(subject or "")
    above = None if context == DEFAULT_CONTEXT else f":{context}:"
    return tuple(dict.fromkeys((subject, above, f":{GLOBAL_CONTEXT}:")))


def is_covered(subject: str, scope: str | None) -> bool:
    """Return whether a scope of settings takes in the subject: the registry and the global context take in everything."""
    if scope is None or scope == subject:
        return True
    return is_context(scope) and context_of(scope) in {GLOBAL_CONTEXT, context_of(subject)}
