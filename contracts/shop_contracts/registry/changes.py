"""What a request changes: decided from the state alone, as records to write and what to answer once they are written.

Nothing here waits or writes. Whoever carries a change out makes sure that the state is current and that nobody else writes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from shop_contracts.registry import errors, records
from shop_contracts.registry.annotations import merged_metadata, merged_rules, version_in, with_version
from shop_contracts.registry.compatibility import CompatibilityCheck
from shop_contracts.registry.content import ReadSchema, SchemaReader, sources_of
from shop_contracts.registry.model import (
    MAX_ID,
    Content,
    Mode,
    SchemaType,
    Settings,
    Version,
    context_of,
)
from shop_contracts.registry.records import Record
from shop_contracts.registry.store import Store
from shop_contracts.registry.tags import TagChanges, find_tags, with_tags

LATEST = -1
"""A version number that stands for the newest, or when registering for the next."""


@dataclass(frozen=True)
class Change:
    """Records that belong together, and the answer that becomes true with them. Without records it is true already."""

    answer: Any
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A request to register a schema. `id` and `version` are given by those who import.

    A version that is given elsewhere has to be the next one, or -1 for it, and is kept in the metadata. `tags` change the schema
    before it is registered; `propagate_tags` adds those of the version before.
    """

    subject: str
    content: Content
    id: int | None = None
    version: int | None = None
    normalize: bool = False
    force: bool = False
    tags: TagChanges | None = None
    propagate_tags: bool = False

    @property
    def changes_tags(self) -> bool:
        """Whether another schema is registered than the one that is sent."""
        return self.tags is not None or self.propagate_tags


def register(store: Store, request: Registration, reader: SchemaReader, compatibility: CompatibilityCheck) -> Change:
    """Register a schema under a subject; the answer is its Version. What is there already is answered without a change."""
    if request.tags is not None:
        request = dataclasses.replace(request, version=request.version or LATEST)
    subject, context = request.subject, context_of(request.subject)
    settings, mode = store.config_in_scope(subject), store.mode_in_scope(subject)
    normalize = request.normalize or bool(settings.fields.get("normalize"))
    known = None if request.changes_tags or _adds_annotations(settings) else _known(store, request, reader, normalize=normalize)
    if known is not None:
        return Change(known)
    _check_mode_for_register(subject, mode, request)
    content = request.content if mode.takes_ids else _completed(store, request, settings)
    content = _retagged(store, request, content, reader)
    if not request.version:
        # What is registered already stays so when its references were soft-deleted since.
        existing = _find_text(store, subject, content, reader, normalize=normalize)
        if existing is not None and request.id in (None, existing.id):
            return Change(existing)
    new = reader.read(store, content, context)
    number = _number_of(store, request, mode)
    if not (mode.takes_ids or request.force):
        _check_compatibility(store, new, subject, settings, compatibility)
    version = _version(store, request, new, number, normalize=normalize)
    twins = [
        records.schema_tombstone(*twin.key)
        for twin in store.versions(subject, deleted=True)
        if twin.deleted and twin.id == version.id and twin.version != number and not store.referrers(*twin.key, deleted=True)
    ]
    replaced = store.version(subject, number, deleted=True)
    kept_ids = [records.max_ids_record(store.max_ids)] if replaced is not None and replaced.id != version.id else []
    noted = [] if store.has_context(context) else [records.context_record(context)]
    return Change(version, (*noted, *kept_ids, records.schema_record(version), *twins))


def _known(store: Store, request: Registration, reader: SchemaReader, *, normalize: bool) -> Version | None:
    """Return the version that the request asks for as it stands, which is answered in any mode."""
    if not request.content.schema.strip():
        return None
    existing = _find_text(store, request.subject, request.content, reader, normalize=normalize)
    if existing is None:
        return None
    if request.version == LATEST:
        latest = store.latest(request.subject)
        return existing if latest is existing and request.id in (None, existing.id) else None
    if not request.version:
        return existing if request.id in (None, existing.id) else None
    same = store.version(request.subject, request.version)
    return same if same is not None and same.id == existing.id == request.id and same.identity == existing.identity else None


def _adds_annotations(settings: Settings) -> bool:
    return any(settings.fields.get(name) for name in ("defaultMetadata", "overrideMetadata", "defaultRuleSet", "overrideRuleSet"))


def _completed(store: Store, request: Registration, settings: Settings) -> Content:
    """Return what is registered: what the request leaves out is taken from the version before. Raises RegistryError 42201."""
    content, previous = request.content, store.latest(request.subject)
    if not content.schema.strip():
        if previous is None:
            raise errors.invalid_schema("Empty schema")
        before = previous.content
        content = replace(content, schema=before.schema, schema_type=before.schema_type, references=before.references)
    content = _with_annotations(content, previous, settings)
    if request.version or version_in(content.metadata) is not None:
        content = replace(content, metadata=with_version(content.metadata, store.next_version(request.subject)))
    return content


def _retagged(store: Store, request: Registration, content: Content, reader: SchemaReader) -> Content:
    """Return the schema with its tags as the request wants them. Raises RegistryError 42201."""
    if request.tags is not None:
        read = reader.read(store, content, context_of(request.subject))
        content = replace(content, schema=with_tags(read, sources_of(store, read), request.tags))
    previous = store.latest(request.subject)
    if request.propagate_tags and previous is not None:
        read = reader.read(store, content, context_of(request.subject))
        theirs = TagChanges(added=find_tags(reader.read_version(store, previous)))
        content = (
            replace(content, schema=with_tags(read, sources_of(store, read), theirs, lenient=True)) if theirs.added else content
        )
    return content


def _with_annotations(content: Content, previous: Version | None, settings: Settings) -> Content:
    """Return the schema with metadata and rules: its own or else those of the version before, between those of the config."""
    own_metadata, own_rules = content.metadata, content.rule_set
    if previous is not None:
        own_metadata = previous.content.metadata if own_metadata is None else own_metadata
        own_rules = previous.content.rule_set if own_rules is None else own_rules
    config = settings.fields
    return replace(
        content,
        metadata=merged_metadata(config.get("defaultMetadata"), own_metadata, config.get("overrideMetadata")),
        rule_set=merged_rules(config.get("defaultRuleSet"), own_rules, config.get("overrideRuleSet")),
    )


def look_up(
    store: Store, subject: str, content: Content, reader: SchemaReader, *, normalize: bool = False, deleted: bool = False
) -> Version | None:
    """Return the subject's version that is this schema, as it stands or with what a registration would add to it.

    Raises RegistryError 42201.
    """
    if not content.schema.strip():
        return None
    settings = store.config_in_scope(subject)
    normalize = normalize or bool(settings.fields.get("normalize"))
    found = _find_text(store, subject, content, reader, normalize=normalize, deleted=deleted)
    if found is not None:
        return found
    latest = store.latest(subject)
    if latest is None:
        return None
    completed = _with_annotations(content, latest, settings)
    return None if completed == content else _find_text(store, subject, completed, reader, normalize=normalize, deleted=deleted)


def _find_text(
    store: Store, subject: str, content: Content, reader: SchemaReader, *, normalize: bool, deleted: bool = False
) -> Version | None:
    wanted = reader.read(store, content, context_of(subject), deleted_references=True)
    return find(store, subject, wanted, reader, normalize=normalize, deleted=deleted)


def find(
    store: Store, subject: str, wanted: ReadSchema, reader: SchemaReader, *, normalize: bool = False, deleted: bool = False
) -> Version | None:
    """Return the subject's newest version that is this schema, or is but for the number that one of the two carries."""
    same = [
        version
        for version in store.with_identity(context_of(subject), wanted.identity, normalize=normalize)
        if version.subject == subject and (deleted or not version.deleted)
    ]
    if same:
        return max(same, key=lambda version: (not version.deleted, version.version))
    carried = _number_in(wanted.content)
    for version in reversed(store.versions(subject, deleted=deleted)):
        theirs = _number_in(version.content)
        if (carried is None) is (theirs is None) or carried not in {None, version.version}:
            continue
        context = context_of(subject)
        mine, other = (
            reader.read(store, _without_number(content), context, deleted_references=True).identity
            for content in (wanted.content, version.content)
        )
        if (mine.normal == other.normal) if normalize else (mine.canonical == other.canonical):
            return version
    return None


def _number_in(content: Content) -> int | None:
    carried = version_in(content.metadata) or ""
    return int(carried) if carried.isascii() and carried.isdecimal() else None


def _without_number(content: Content) -> Content:
    return replace(content, metadata=with_version(content.metadata, None))


def _check_mode_for_register(subject: str, mode: Mode, request: Registration) -> None:
    check_writable(subject, mode)
    if request.id is not None and not mode.takes_ids:
        raise errors.not_permitted(f"Subject {subject} is not in import mode")
    if request.id is None and mode.takes_ids:
        raise errors.not_permitted(f"Subject {subject} is in import mode: a schema needs its id there")


def check_writable(subject: str | None, mode: Mode) -> None:
    """Raise RegistryError 42205 where the mode lets nobody write."""
    if mode.is_read_only:
        raise errors.not_permitted(f"Subject {subject} is in read-only mode" if subject else "The registry is in read-only mode")


def _number_of(store: Store, request: Registration, mode: Mode) -> int:
    following = store.next_version(request.subject)
    if not request.version or request.version < 0:
        return following
    if not mode.takes_ids and request.version != following:
        raise errors.invalid_schema(f"Version {request.version} is not one more than previous version {following - 1}")
    return request.version


def _check_compatibility(
    store: Store, new: ReadSchema, subject: str, settings: Settings, compatibility: CompatibilityCheck
) -> None:
    earlier = store.versions(subject)
    objections = compatibility.objections(store, new, earlier, settings)
    if objections:
        raise errors.incompatible(subject, objections)


def _version(store: Store, request: Registration, new: ReadSchema, number: int, *, normalize: bool) -> Version:
    """Return the version to write. An id always means one text, so a schema that has an id already keeps that text."""
    subject, context = request.subject, context_of(request.subject)
    if request.id is not None:
        holders = list(store.with_id(context, request.id))
        if any(holder.identity != new.identity for holder in holders if holder.key != (subject, number) or not holder.deleted):
            raise errors.not_permitted(f"Overwrite new schema with id {request.id} is not permitted.")
        taken = store.version(subject, number)
        if taken is not None and taken.identity != new.identity:
            raise errors.not_permitted(f"Overwrite version {number} of subject {subject} is not permitted.")
        return Version(subject, number, request.id, holders[0].content if holders else new.content, new.identity)
    same = sorted(store.with_identity(context, new.identity, normalize=normalize), key=lambda version: (version.id, version.key))
    if same:
        return Version(subject, number, same[0].id, same[0].content, same[0].identity)
    next_id = store.max_ids.get(context, 0) + 1
    if next_id > MAX_ID:
        raise errors.store_failed(f"the ids of context {context} are used up: {MAX_ID} was given out")
    return Version(subject, number, next_id, new.content, new.identity)


def versions_to_check(store: Store, subject: str, number: int | None) -> Sequence[Version]:
    """Return what a check against one version compares with: nothing when the latest is asked for and there is none."""
    if number is None:
        latest = store.latest(subject)
        return [latest] if latest is not None else []
    version = store.version(subject, number)
    if version is None:
        raise errors.version_not_found(number)
    return [version]


SUPPORTED_TYPES = (SchemaType.JSON, SchemaType.PROTOBUF, SchemaType.AVRO)
