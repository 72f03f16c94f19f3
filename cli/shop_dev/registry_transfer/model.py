"""What a registry holds, as its API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_CONTEXT = "."

Key = tuple[str, int]
"""A subject, qualified with its context (`:.eu:orders`) unless that is the default one, and a version."""


@dataclass(frozen=True)
class StoredVersion:
    """A schema under a subject. `body` is what a registration says of it: schema, schemaType, references, metadata, ruleSet."""

    subject: str
    version: int
    id: int
    body: Mapping[str, Any]
    deleted: bool = False

    @property
    def key(self) -> Key:
        """What no other version has."""
        return self.subject, self.version

    @property
    def context(self) -> str:
        """The context in which the id counts."""
        return context_of(self.subject)

    @property
    def references(self) -> tuple[Key, ...]:
        """What it imports, qualified."""
        return tuple(
            (qualified(self.context, str(each["subject"])), int(each["version"])) for each in self.body.get("references", ())
        )


@dataclass(frozen=True)
class Holdings:
    """All of a registry. `configs` and `modes` are those set for a subject or, as `:.eu:`, a context; those of all are apart."""

    source: str
    versions: Mapping[Key, StoredVersion]
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    default_config: Mapping[str, Any] = field(default_factory=dict)
    default_mode: str | None = None
    """None where the registry does not tell."""

    @property
    def subjects(self) -> list[str]:
        """Subjects with a version, sorted."""
        return sorted({subject for subject, _ in self.versions})


def context_of(subject: str) -> str:
    """Return the context that the subject is qualified with, else the default one."""
    if subject.startswith(":.") and (end := subject.find(":", 2)) > 0:
        return subject[1:end]
    return DEFAULT_CONTEXT


def qualified(context: str, subject: str) -> str:
    """Return the subject as seen from a context; one that names its own stays."""
    if subject.startswith(":.:"):
        return subject.removeprefix(":.:")
    return subject if context == DEFAULT_CONTEXT or subject.startswith(":.") else f":{context}:{subject}"
