"""What a delete changes, decided from the state alone: see `shop_contracts.registry.changes`."""

from __future__ import annotations

from shop_contracts.registry import errors, records
from shop_contracts.registry.changes import Change, check_writable
from shop_contracts.registry.model import DEFAULT_CONTEXT, Version, is_covered
from shop_contracts.registry.records import Record
from shop_contracts.registry.store import Store


def delete_version(store: Store, subject: str, number: int | None, *, permanent: bool) -> Change:
    """Delete one version, the latest with None; the answer is its number. Config and mode go with the last version for good."""
    check_writable(subject, store.mode_in_scope(subject))
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
    if not permanent:
        if _is_associated(store, subject) and len(store.versions(subject)) == 1:
            raise errors.no_active_version(subject)
        return Change(number, (records.schema_record(_deleted(version)),))
    is_last = len(store.versions(subject, deleted=True)) == 1
    return Change(number, (*tombstones(store, [version]), *(_settings_of(store, subject) if is_last else ())))


def _deleted(version: Version) -> Version:
    return Version(version.subject, version.version, version.id, version.content, version.identity, deleted=True)


def delete_subject(store: Store, subject: str, *, permanent: bool) -> Change:
    """Delete all versions of a subject; the answer is their numbers. Its config and mode go with the permanent delete."""
    check_writable(subject, store.mode_in_scope(subject))
    if not store.has_subject(subject, deleted=True):
        raise errors.subject_not_found(subject)
    if permanent and store.has_subject(subject):
        raise errors.subject_not_soft_deleted(subject)
    versions = store.versions(subject, deleted=permanent)
    if not versions:
        raise errors.subject_soft_deleted(subject)
    if _is_associated(store, subject):
        raise errors.association_of_subject_exists(subject)
    _check_references(store, subject, versions, deleted=permanent)
    numbers = [version.version for version in versions]
    if permanent:
        return Change(numbers, (*tombstones(store, versions), *_settings_of(store, subject)))
    return Change(numbers, (records.delete_subject_record(subject, numbers[-1]),))


def _is_associated(store: Store, subject: str) -> bool:
    return any(association.subject == subject for association in store.associations())


def _check_references(store: Store, subject: str, versions: list[Version], *, deleted: bool) -> None:
    for version in versions:
        if any(referrer.subject != subject for referrer in store.referrers(*version.key, deleted=deleted)):
            raise errors.reference_exists(*version.key)


def purge_subject(store: Store, subject: str) -> tuple[Record, ...]:
    """Return what deletes a subject softly and then for good. Raises RegistryError 42206."""
    versions = store.versions(subject, deleted=True)
    _check_references(store, subject, versions, deleted=True)
    return (*tombstones(store, versions), *_settings_of(store, subject))


def tombstones(store: Store, versions: list[Version]) -> tuple[Record, ...]:
    """Return what removes the versions for good and keeps their ids from being given out again."""
    return (records.max_ids_record(store.max_ids), *(records.schema_tombstone(*version.key) for version in versions))


def _settings_of(store: Store, subject: str) -> tuple[Record, ...]:
    config = (records.config_record(subject, None),) if store.config(subject) is not None else ()
    mode = (records.mode_record(subject, None),) if store.mode(subject) is not None else ()
    return (*config, *mode)


def delete_context(store: Store, context: str) -> Change:
    """Forget a context that has no subjects, not even deleted ones. Its ids stay taken."""
    if context == DEFAULT_CONTEXT or any(is_covered(subject, f":{context}:") for subject in store.subjects()):
        raise errors.context_not_empty(context)
    return Change(None, (records.context_record(context, is_there=False),) if store.has_context(context) else ())
