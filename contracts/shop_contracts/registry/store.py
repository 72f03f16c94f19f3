"""The registry's state: a fold over the records of its topic, in the order of their offsets, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from shop_contracts.registry import records
from shop_contracts.registry.model import (
    DEFAULT_CONTEXT,
    DEFAULT_MODE,
    Association,
    Content,
    Identity,
    Mode,
    Settings,
    Version,
    context_of,
    is_covered,
    qualified,
    scopes_of,
)
from shop_contracts.registry.records import Record

logger = logging.getLogger(__name__)

_K = TypeVar("_K")
_M = TypeVar("_M")
_ABSENT = object()

Identify = Callable[["Store", Content], Identity]
"""Finds out what a schema is identical with; asked only for records that do not say so themselves."""


class Store:
    """What is registered. `apply` is the only way in; everything else asks."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._subjects: dict[str, dict[int, Version]] = {}
        self._by_id: dict[tuple[str, int], dict[tuple[str, int], Version]] = {}
        self._by_canonical: dict[tuple[str, str], dict[tuple[str, int], Version]] = {}
        self._by_normal: dict[tuple[str, str], dict[tuple[str, int], Version]] = {}
        self._referrers: dict[tuple[str, int], dict[tuple[str, int], Version]] = {}
        self._configs: dict[str | None, Settings] = {}
        self._modes: dict[str | None, Mode] = {}
        self._contexts: dict[str, bool] = {}
        self._associations: dict[tuple[str, ...], Association] = {}
        self.max_ids: dict[str, int] = {}
        self._before: dict[tuple[int, Any], tuple[dict[Any, Any], Any]] | None = None

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Take back at the end whatever is applied inside. Nobody else may look meanwhile: do not wait inside."""
        self._before = {}
        try:
            yield
        finally:
            for (_, key), (index, entry) in self._before.items():
                if entry is _ABSENT:
                    index.pop(key, None)
                else:
                    index[key] = entry
            self._before = None

    @property
    def is_trying(self) -> bool:
        """Whether what is applied now may be taken back."""
        return self._before is not None

    def _touch(self, index: dict[_K, Any], key: _K) -> None:
        """Call before an entry changes: `trying` puts it back as it was."""
        if self._before is not None and (id(index), key) not in self._before:
            entry = index.get(key, _ABSENT)
            self._before[id(index), key] = index, dict(entry) if isinstance(entry, dict) else entry

    # -- the fold

    def apply(self, record: Record) -> None:
        """Take in the next record. One that cannot be read is skipped and logged: the rest of the topic still counts."""
        try:
            key = records.decode_key(record.key)
            match key:
                case records.SchemaKey():
                    self._apply_schema(key, record)
                case records.DeleteSubjectKey() | records.ClearSubjectKey():
                    self._apply_delete_subject(key, record)
                case records.ConfigKey():
                    self._apply_config(key, record)
                case records.ModeKey():
                    self._apply_mode(key, record)
                case records.AssociationKey():
                    self._apply_association(key, record)
                case records.ContextKey() if key.context is not None:
                    self._touch(self._contexts, key.context)
                    self._contexts[key.context] = record.value is not None
                case records.NoopKey() if record.value is not None:
                    for context, highest in records.decode_max_ids(record.value).maxIds.items():
                        self._raise_max_id(context, highest)
        except (msgspec.DecodeError, ValueError) as error:
            logger.warning(
                "skipped an unreadable record of the schemas topic", extra={"key": repr(record.key), "error": str(error)}
            )

    def _apply_schema(self, key: records.SchemaKey, record: Record) -> None:
        if record.value is None:
            self._remove(key.subject, key.version)
            return
        value = records.decode_schema(record.value)
        content = value.content()
        identity = records.identity_in(record.headers) or self._identify(self, content)
        self._remove(key.subject, key.version)
        self._put(Version(key.subject, key.version, value.id, content, identity, bool(value.deleted)))

    def _apply_delete_subject(self, key: records.DeleteSubjectKey | records.ClearSubjectKey, record: Record) -> None:
        if record.value is None:
            return
        if isinstance(key, records.ClearSubjectKey):
            for version in self.covered(key.subject):
                if version.deleted:
                    self._remove(*version.key)
            return
        last = records.decode_delete(record.value).version
        for version in self.versions(key.subject, deleted=True):
            if version.version <= last:
                self._put(replace(version, deleted=True))

    def _apply_config(self, key: records.ConfigKey, record: Record) -> None:
        self._touch(self._configs, key.subject)
        if record.value is None:
            self._configs.pop(key.subject, None)
            return
        fields = records.decode_config(record.value)
        fields.pop("subject", None)
        settings = Settings({name: value for name, value in fields.items() if value is not None})
        _ = settings.level  # a level that nobody knows makes the record unreadable
        self._configs[key.subject] = settings

    def _apply_mode(self, key: records.ModeKey, record: Record) -> None:
        self._touch(self._modes, key.subject)
        if record.value is None:
            self._modes.pop(key.subject, None)
        else:
            self._modes[key.subject] = Mode(records.decode_mode(record.value).mode)

    def _apply_association(self, key: records.AssociationKey, record: Record) -> None:
        self._touch(self._associations, key.place)
        if record.value is None:
            self._associations.pop(key.place, None)
        else:
            self._associations[key.place] = records.decode_association(record.value)

    def _put(self, version: Version) -> None:
        """Add a version, or replace the one of the same number and identity, which keeps its place everywhere."""
        self._touch(self._subjects, version.subject)
        versions = self._subjects.setdefault(version.subject, {})
        in_order = not versions or next(reversed(versions)) < version.version or version.version in versions
        versions[version.version] = version
        if not in_order:
            self._subjects[version.subject] = dict(sorted(versions.items()))
        for index, key in self._indexed(version):
            self._touch(index, key)
            index.setdefault(key, {})[version.key] = version
        self._raise_max_id(context_of(version.subject), version.id)

    def _remove(self, subject: str, number: int) -> None:
        version = self.version(subject, number, deleted=True)
        if version is None:
            return
        self._touch(self._subjects, subject)
        _discard(self._subjects, subject, number)
        for index, key in self._indexed(version):
            self._touch(index, key)
            _discard(index, key, version.key)

    def _indexed(self, version: Version) -> Iterator[tuple[dict[Any, dict[tuple[str, int], Version]], Any]]:
        """Yield where a version can be found, beside its subject: an index and the key in it."""
        context = context_of(version.subject)
        yield self._by_id, (context, version.id)
        yield self._by_canonical, (context, version.identity.canonical)
        yield self._by_normal, (context, version.identity.normal)
        for target in _referenced(version):
            yield self._referrers, target

    def _raise_max_id(self, context: str, schema_id: int) -> None:
        self._touch(self.max_ids, context)
        self.max_ids[context] = max(self.max_ids.get(context, 0), schema_id)

    # -- questions

    def subjects(self) -> Iterator[str]:
        """Yield all subjects that have a version, deleted or not, sorted."""
        return iter(sorted(self._subjects))

    def contexts(self) -> list[str]:
        """Return the names of all contexts that had a subject and were not deleted, sorted; the default one is always there."""
        noted = (context for context, is_there in self._contexts.items() if is_there)
        return sorted({DEFAULT_CONTEXT, *noted, *map(context_of, self._subjects)})

    def has_context(self, context: str) -> bool:
        """Return whether the context is there by a record of its own; those of old topics are there by their subjects only."""
        return context == DEFAULT_CONTEXT or self._contexts.get(context, False)

    def covered(self, scope: str | None) -> list[Version]:
        """Return all versions that a scope of settings takes in, soft-deleted ones included."""
        found = [subject for subject in self.subjects() if is_covered(subject, scope)]
        return [version for subject in found for version in self.versions(subject, deleted=True)]

    def has_subject(self, subject: str, *, deleted: bool = False) -> bool:
        """Return whether the subject has a version; `deleted` counts soft-deleted ones."""
        versions = self._subjects.get(subject, {})
        return bool(versions) and (deleted or any(not version.deleted for version in versions.values()))

    def versions(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """Return the subject's versions, oldest first; `deleted` adds soft-deleted ones."""
        return [version for version in self._subjects.get(subject, {}).values() if deleted or not version.deleted]

    def version(self, subject: str, number: int, *, deleted: bool = False) -> Version | None:
        """Return one version of a subject, or None; `deleted` counts soft-deleted ones."""
        version = self._subjects.get(subject, {}).get(number)
        return version if version is not None and (deleted or not version.deleted) else None

    def latest(self, subject: str, *, deleted: bool = False) -> Version | None:
        """Return the newest version of a subject, or None; `deleted` counts soft-deleted ones."""
        for version in reversed(self._subjects.get(subject, {}).values()):
            if deleted or not version.deleted:
                return version
        return None

    def next_version(self, subject: str) -> int:
        """Return the number that the next version gets: numbers of deleted ones are not given again."""
        return next(reversed(self._subjects.get(subject, {})), 0) + 1

    def namesakes(self, subject: str) -> Iterator[str]:
        """Yield the subject and, where it is not qualified, its name in each other context."""
        yield subject
        if context_of(subject) == DEFAULT_CONTEXT:
            yield from (qualified(context, subject) for context in self.contexts() if context != DEFAULT_CONTEXT)

    def named_by(self, subject: str) -> str:
        """Return the subject that the name is an alias of, or else the name itself."""
        found = self._configs.get(subject)
        alias = found.fields.get("alias") if found is not None else None
        return qualified(context_of(subject), alias) if alias else subject

    def aliases(self) -> dict[str, list[str]]:
        """Return the names that are aliases, by the subject they stand for."""
        found: dict[str, list[str]] = {}
        for name in sorted(each for each in self._configs if each is not None):
            subject = self.named_by(name)
            if subject != name:
                found.setdefault(subject, []).append(name)
        return found

    def with_id(self, context: str, schema_id: int) -> Iterable[Version]:
        """Return all versions that use an id, soft-deleted ones included."""
        return self._by_id.get((context, schema_id), {}).values()

    def with_identity(self, context: str, identity: Identity, *, normalize: bool = False) -> Iterable[Version]:
        """Return all versions of the context that are the same schema, soft-deleted ones included; `normalize` ignores order."""
        if normalize:
            return self._by_normal.get((context, identity.normal), {}).values()
        return self._by_canonical.get((context, identity.canonical), {}).values()

    def with_guid(self, guid: str) -> Iterable[Version]:
        """Return all versions with Confluent's `guid`, a digest of the schema in the form of a UUID."""
        digest = guid.replace("-", "")
        return [version for context in self.contexts() for version in self._by_canonical.get((context, digest), {}).values()]

    def referrers(self, subject: str, number: int, *, deleted: bool = False) -> list[Version]:
        """Versions that reference this one; `deleted` adds soft-deleted ones."""
        return [version for version in self._referrers.get((subject, number), {}).values() if deleted or not version.deleted]

    def config(self, subject: str | None) -> Settings | None:
        """Return what was set for exactly this subject, or with None for the whole registry."""
        return self._configs.get(subject)

    def mode(self, subject: str | None) -> Mode | None:
        """Return what was set for exactly this subject, or with None for the whole registry."""
        return self._modes.get(subject)

    def config_in_scope(self, subject: str | None) -> Settings:
        """Return what counts for the subject, or with None for the registry: the nearest config, by itself."""
        nearest = next((self._configs[scope] for scope in scopes_of(subject) if scope in self._configs), Settings())
        return nearest.with_level()

    def mode_in_scope(self, subject: str | None) -> Mode:
        """Return what counts for the subject; READONLY_OVERRIDE on the registry beats what the subject says."""
        if self._modes.get(None) is Mode.READONLY_OVERRIDE:
            return Mode.READONLY_OVERRIDE
        return next((self._modes[scope] for scope in scopes_of(subject) if scope in self._modes), DEFAULT_MODE)

    def subjects_with_mode(self) -> list[str]:
        """Return whatever has a mode of its own, contexts among them, sorted."""
        return sorted(subject for subject in self._modes if subject is not None)

    def associations(self) -> list[Association]:
        """Return all associations of subjects with resources, sorted by resource."""
        return [association for _, association in sorted(self._associations.items())]

    def snapshot(self) -> dict[str, object]:
        """Return everything the records said, as plain values: two stores with one snapshot answer alike."""
        return {
            "versions": [
                (v.subject, v.version, v.id, v.content, v.identity, v.deleted)
                for subject in self.subjects()
                for v in self.versions(subject, deleted=True)
            ],
            "configs": {
                str(subject): settings.fields for subject, settings in sorted(self._configs.items(), key=lambda kv: str(kv[0]))
            },
            "modes": {str(subject): mode for subject, mode in sorted(self._modes.items(), key=lambda kv: str(kv[0]))},
            "contexts": self.contexts(),
            "associations": self.associations(),
            "max_ids": dict(sorted(self.max_ids.items())),
        }


def _referenced(version: Version) -> Iterator[tuple[str, int]]:
    context = context_of(version.subject)
    for reference in version.content.references:
        yield qualified(context, reference.subject), reference.version


def _discard(index: dict[_K, dict[_M, Version]], key: _K, member: _M) -> None:
    members = index.get(key)
    if members is not None:
        members.pop(member, None)
        if not members:
            del index[key]
