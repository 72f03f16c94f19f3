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


DEFAULT_LEVEL = Level.BACKWARD
DEFAULT_MODE = Mode.READWRITE
DEFAULT_CONTEXT = "."
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


def context_of(subject: str) -> str:
    """Return the context a qualified subject `:.name:rest` is in; subjects without a qualifier are in the context `.`."""
    if subject.startswith(":."):
        end = subject.find(":", 2)
        if end > 0:
            return subject[1:end]
    return DEFAULT_CONTEXT


def qualified(context: str, subject: str) -> str:
    """Return the subject as seen in `context`; a subject that is qualified already stays what it is."""
    if subject.startswith(":."):
        return unqualified(subject) if context_of(subject) == DEFAULT_CONTEXT else subject
    return subject if context == DEFAULT_CONTEXT else f":{context}:{subject}"


def unqualified(subject: str) -> str:
    """Return the subject without the context it is qualified with."""
    if subject.startswith(":."):
        end = subject.find(":", 2)
        if end > 0:
            return subject[end + 1 :]
    return subject
