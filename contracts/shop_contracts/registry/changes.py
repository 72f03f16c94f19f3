"""What a request changes: decided from the state alone, as records to write and what to answer once they are written.

Nothing here waits or writes. Whoever carries a change out makes sure that the state is current and that nobody else writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shop_contracts.compat import Level
from shop_contracts.registry import errors, records
from shop_contracts.registry.compatibility import CompatibilityCheck
from shop_contracts.registry.content import ReadSchema, SchemaReader
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


@dataclass(frozen=True)
class Change:
    """Records that belong together, and the answer that becomes true with them. Without records it is true already."""

    answer: Any
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A request to register a schema. `id` and `version` are given by those who import."""

    subject: str
    content: Content
    id: int | None = None
    version: int | None = None
    normalize: bool = False
    force: bool = False


def register(store: Store, request: Registration, reader: SchemaReader, compatibility: CompatibilityCheck) -> Change:
    """Register a schema under a subject; the answer is its Version. What is there already is answered without a change."""
    subject, context = request.subject, context_of(request.subject)
    settings = store.config_in_scope(subject)
    content = _with_annotations_of_config(request.content, settings)
    normalize = request.normalize or bool(settings.fields.get("normalize"))
    # What is registered already stays so when its references were soft-deleted since.
    known = reader.read(store, content, context, deleted_references=True)
    existing = find(store, subject, known, normalize=normalize)
    if existing is not None and request.id in (None, existing.id):
        return Change(existing)
    mode = store.mode_in_scope(subject)
    _check_mode_for_register(subject, mode, request)
    new = reader.read(store, content, context)
    number = _number_of(store, request, mode)
    if mode is not Mode.IMPORT and not request.force:
        _check_compatibility(store, new, subject, settings, compatibility)
    version = _version(store, request, new, number, normalize=normalize)
    twins = [
        records.schema_tombstone(*twin.key)
        for twin in store.versions(subject, deleted=True)
        if twin.deleted and twin.id == version.id and twin.version != number and not store.referrers(*twin.key, deleted=True)
    ]
    replaced = store.version(subject, number, deleted=True)
    kept_ids = [records.max_ids_record(store.max_ids)] if replaced is not None and replaced.id != version.id else []
    return Change(version, (*kept_ids, records.schema_record(version), *twins))


def find(store: Store, subject: str, wanted: ReadSchema, *, normalize: bool = False, deleted: bool = False) -> Version | None:
    """Return the subject's newest version that is this schema."""
    same = [
        version
        for version in store.with_identity(context_of(subject), wanted.identity, normalize=normalize)
        if version.subject == subject and (deleted or not version.deleted)
    ]
    return max(same, key=lambda version: (not version.deleted, version.version), default=None)


def _check_mode_for_register(subject: str, mode: Mode, request: Registration) -> None:
    _check_writable(subject, mode)
    if request.id is not None and mode is not Mode.IMPORT:
        raise errors.not_permitted(f"Subject {subject} is not in import mode")
    if request.id is None and mode is Mode.IMPORT:
        raise errors.not_permitted(f"Subject {subject} is in import mode: a schema needs its id there")


def _check_writable(subject: str | None, mode: Mode) -> None:
    if mode in {Mode.READONLY, Mode.READONLY_OVERRIDE}:
        raise errors.not_permitted(f"Subject {subject} is in read-only mode")


def _number_of(store: Store, request: Registration, mode: Mode) -> int:
    following = store.next_version(request.subject)
    if not request.version or request.version < 0:
        return following
    if mode is not Mode.IMPORT and request.version != following:
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


def _with_annotations_of_config(content: Content, settings: Settings) -> Content:
    """Return metadata and rules as the config has them: defaults where the schema brings none, overrides on top."""
    metadata = _merged(settings.fields.get("defaultMetadata"), content.metadata, settings.fields.get("overrideMetadata"))
    rules = _merged(settings.fields.get("defaultRuleSet"), content.rule_set, settings.fields.get("overrideRuleSet"))
    if metadata == content.metadata and rules == content.rule_set:
        return content
    return Content(
        schema=content.schema, schema_type=content.schema_type, references=content.references, metadata=metadata, rule_set=rules
    )


def _merged(*layers: Any) -> Any:
    """Later layers win; objects are merged a level deep (tags, properties), lists of rules replaced by name."""
    merged: Any = None
    for layer in layers:
        if layer is None:
            continue
        if merged is None:
            merged = layer
            continue
        out = dict(merged)
        for name, value in layer.items():
            before = out.get(name)
            if isinstance(before, dict) and isinstance(value, dict):
                out[name] = before | value
            elif isinstance(before, list) and isinstance(value, list):
                out[name] = _merged_list(before, value)
            else:
                out[name] = value
        merged = out
    return merged


def _merged_list(before: list[Any], after: list[Any]) -> list[Any]:
    names = {each.get("name") for each in after if isinstance(each, dict)}
    return [each for each in before if each not in after and not (isinstance(each, dict) and each.get("name") in names)] + after


# -- deletes


def delete_version(store: Store, subject: str, number: int | None, *, permanent: bool) -> Change:
    """Delete one version, the latest with None; the answer is its number."""
    _check_writable(subject, store.mode_in_scope(subject))
    if not store.has_subject(subject, deleted=True):
        raise errors.subject_not_found(subject)
    if number is None:
        latest = store.latest(subject)
        if latest is None:
            raise errors.subject_not_found(subject)
        number = latest.version
    version = store.version(subject, number, deleted=True)
    if version is None:
        raise errors.version_not_found(number)
    if permanent and not version.deleted:
        raise errors.version_not_soft_deleted(subject, number)
    if version.deleted and not permanent:
        raise errors.version_soft_deleted(subject, number)
    if store.referrers(subject, number, deleted=permanent):
        raise errors.reference_exists(subject, number)
    if permanent:
        return Change(number, (records.max_ids_record(store.max_ids), records.schema_tombstone(subject, number)))
    return Change(number, (records.schema_record(_deleted(version)),))


def _deleted(version: Version) -> Version:
    return Version(version.subject, version.version, version.id, version.content, version.identity, deleted=True)


def delete_subject(store: Store, subject: str, *, permanent: bool) -> Change:
    """Delete all versions of a subject; the answer is their numbers. Its config and mode go with a soft delete."""
    _check_writable(subject, store.mode_in_scope(subject))
    if not store.has_subject(subject, deleted=True):
        raise errors.subject_not_found(subject)
    if permanent and store.has_subject(subject):
        raise errors.subject_not_soft_deleted(subject)
    versions = store.versions(subject, deleted=permanent)
    if not versions:
        raise errors.subject_soft_deleted(subject)
    for version in versions:
        if any(referrer.subject != subject for referrer in store.referrers(*version.key, deleted=permanent)):
            raise errors.reference_exists(*version.key)
    numbers = [version.version for version in versions]
    if permanent:
        tombstones = tuple(records.schema_tombstone(*version.key) for version in versions)
        return Change(numbers, (records.max_ids_record(store.max_ids), *tombstones))
    forgotten = []
    if store.config(subject) is not None:
        forgotten.append(records.config_record(subject, None))
    if store.mode(subject) is not None:
        forgotten.append(records.mode_record(subject, None))
    return Change(numbers, (records.delete_subject_record(subject, numbers[-1]), *forgotten))


# -- config and mode


_CONFIG_FIELDS = {
    "compatibilityLevel",
    "compatibilityGroup",
    "normalize",
    "validateFields",
    "defaultMetadata",
    "overrideMetadata",
    "defaultRuleSet",
    "overrideRuleSet",
}


_NOT_OFFERED = {"alias", "compatibilityPolicy", "validateRules"}
"""Fields of Confluent's that would change what is answered; taking them without doing it would be worse than refusing."""


def update_config(store: Store, subject: str | None, wanted: dict[str, Any]) -> Change:
    """Set fields of a config, of the whole registry with None; those not named stay. The answer is what was set."""
    if subject is not None:
        _check_writable(subject, store.mode_in_scope(subject))
    elif store.mode(None) in {Mode.READONLY, Mode.READONLY_OVERRIDE}:
        raise errors.not_permitted("The registry is in read-only mode")
    refused = sorted(name for name in _NOT_OFFERED if wanted.get(name) not in {None, False})
    if refused:
        raise errors.RegistryError(422, 422, f"This registry does not offer the config field {', '.join(refused)}.")
    fields = {name: value for name, value in wanted.items() if name in _CONFIG_FIELDS}
    if "compatibility" in wanted:
        fields["compatibilityLevel"] = wanted["compatibility"]
    level = fields.get("compatibilityLevel")
    if level is not None:
        fields["compatibilityLevel"] = _level(level).value
    _check_kinds(fields)
    before = store.config(subject)
    merged = {name: value for name, value in {**(before.fields if before else {}), **fields}.items() if value is not None}
    answer = {
        ("compatibility" if name == "compatibilityLevel" else name): value for name, value in fields.items() if value is not None
    }
    if before is not None and merged == before.fields:
        return Change(answer)
    return Change(answer, (records.config_record(subject, Settings(merged)),))


def _check_kinds(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        kind = bool if name in {"normalize", "validateFields"} else dict if "Metadata" in name or "RuleSet" in name else str
        if value is not None and not isinstance(value, kind):
            raise errors.RegistryError(422, 422, f"The config field {name} is {value!r}; it takes a {kind.__name__}.")


def _level(level: object) -> Level:
    try:
        return Level(str(level).upper())
    except ValueError:
        raise errors.invalid_level(level) from None


def delete_config(store: Store, subject: str | None) -> Change:
    """Forget a config; the answer is what it was (Settings)."""
    if subject is not None:
        _check_writable(subject, store.mode_in_scope(subject))
    before = store.config(subject)
    if before is None:
        if subject is not None:
            raise errors.subject_not_found(subject)
        return Change(Settings())
    return Change(before, (records.config_record(subject, None),))


def update_mode(store: Store, subject: str | None, mode: object, *, force: bool) -> Change:
    """Set a mode, of the whole registry with None; the answer is the mode. IMPORT wants no schemas there, or `force`."""
    try:
        wanted = Mode(str(mode).upper())
    except ValueError:
        raise errors.invalid_mode(mode) from None
    if wanted is Mode.IMPORT and not force and store.mode_in_scope(subject or "") is not Mode.IMPORT:
        taken = store.has_subject(subject) if subject is not None else any(store.has_subject(each) for each in store.subjects())
        if taken:
            raise errors.not_permitted("Cannot import since found existing subjects")
    if store.mode(subject) is wanted:
        return Change(wanted)
    return Change(wanted, (records.mode_record(subject, wanted.value),))


def delete_mode(store: Store, subject: str | None) -> Change:
    """Forget a mode; the answer is what it was."""
    before = store.mode(subject)
    if before is None:
        if subject is not None:
            raise errors.subject_not_found(subject)
        return Change(Mode.READWRITE)
    return Change(before, (records.mode_record(subject, None),))


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
