"""Which subject holds the schema of which topic: associations, decided from the state alone as `shop_contracts.registry.changes`.

A STRONG association owns its subject, a WEAK one shares it with others. A frozen one is made with its schema and not changed. The
rules are those of Confluent's 8.0.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from shop_contracts.registry import errors, records
from shop_contracts.registry.changes import Change, check_writable
from shop_contracts.registry.deletes import purge_subject
from shop_contracts.registry.model import Association, Content, Lifecycle, Mode, qualified
from shop_contracts.registry.store import Store

_LONGEST_NAME = 256
_TYPES = ("key", "value")
TOPIC = "topic"
"""The only type of resource there is."""

IsRegistered = Callable[[str, Content, bool], bool]
"""Tells whether a subject has a schema, normalised or not."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What schemas are associated with: a topic of a cluster (the namespace)."""

    name: str | None = None
    namespace: str | None = None
    id: str | None = None
    type: str = TOPIC

    def default_subject(self, association_type: str) -> str:
        """Return the subject that belongs to the resource alone."""
        return f":.{self.namespace}:{self.name}-{association_type}"

    def check(self, *, dry_run: bool) -> None:
        """Raise RegistryError 42212 for what cannot be; a dry run needs no id."""
        _check_name("resourceName", self.name)
        _check_name("resourceNamespace", self.namespace)
        if not self.id and not dry_run:
            raise errors.invalid_association("resourceId", "cannot be null or empty")
        if self.type != TOPIC:
            raise errors.invalid_association("resourceType", f"must be '{TOPIC}'")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An association to make or to change; None is what the request leaves open."""

    type: str = "value"
    subject: str | None = None
    lifecycle: Lifecycle | None = None
    frozen: bool | None = None
    schema: Content | None = None
    normalize: bool = False


@dataclass(frozen=True)
class Planned:
    """An association as it is to be, and the one it takes the place of."""

    wanted: Wanted
    subject: str
    before: Association | None
    is_there: bool

    def after(self, resource: Resource) -> Association:
        """Return the association to keep."""
        wanted, before = self.wanted, self.before
        if before is not None:
            frozen = before.frozen if wanted.frozen is None else wanted.frozen
            return msgspec.structs.replace(before, lifecycle=wanted.lifecycle or before.lifecycle, frozen=frozen)
        return Association(
            subject=self.subject,
            guid=str(uuid.uuid4()),
            resource_name=resource.name or "",
            resource_namespace=resource.namespace or "",
            resource_id=resource.id or "",
            resource_type=resource.type,
            association_type=wanted.type,
            lifecycle=wanted.lifecycle or Lifecycle.WEAK,
            frozen=bool(wanted.frozen),
        )


def _check_name(name: str, value: str | None) -> None:
    if not value:
        raise errors.invalid_association(name, "cannot be null or empty")
    if len(value) > _LONGEST_NAME:
        raise errors.invalid_association(name, f"exceeds max length of {_LONGEST_NAME}")
    for letter in value:
        if not (letter.isalnum() or letter in "_-"):
            raise errors.invalid_association(name, f"illegal character '{letter}'")


def plan(
    store: Store,
    resource: Resource,
    wanted: Sequence[Wanted],
    is_registered: IsRegistered,
    *,
    context: str,
    is_create: bool,
    dry_run: bool = False,
) -> list[Planned]:
    """Decide what a request makes of the associations of a resource. Raises RegistryError 409…, 42205, 42212."""
    resource.check(dry_run=dry_run)
    if not wanted:
        raise errors.invalid_association("associations", "cannot be null or empty")
    types = [each.type for each in wanted]
    for association_type in types:
        if association_type not in _TYPES:
            raise errors.invalid_association("associationType", "must be either 'key' or 'value'")
        if types.count(association_type) > 1:
            raise errors.invalid_association("associationType", f"Duplicate association type: {association_type}")
    planned = [_planned(store, resource, each, is_registered, context=context, is_create=is_create) for each in wanted]
    for each in planned:
        _check_against_others(store, each)
    return planned


def _planned(
    store: Store, resource: Resource, wanted: Wanted, is_registered: IsRegistered, *, context: str, is_create: bool
) -> Planned:
    before = next((each for each in _of_resource(store, resource.id, resource.type) if each.association_type == wanted.type), None)
    if is_create or before is None:
        wanted = _with_defaults(wanted, is_create=is_create)
    subject = _subject(store, resource, wanted, before, context)
    check_writable(subject, store.mode_in_scope(subject))
    _check_lifecycle(resource, wanted, before, subject)
    if before is None:
        _check_freezing(store, wanted, subject, is_registered, is_create=is_create)
        return Planned(wanted, subject, None, is_there=False)
    if _is_equivalent(before, wanted, subject):
        if is_create and wanted.schema is not None and not is_registered(subject, wanted.schema, wanted.normalize):
            raise errors.association_of_resource_exists(before.association_type, before.resource_name)
        return Planned(wanted, subject, before, is_there=True)
    if is_create:
        raise errors.association_of_resource_exists(before.association_type, before.resource_name)
    _check_update(resource, wanted, before, subject)
    return Planned(wanted, subject, before, is_there=False)


def _with_defaults(wanted: Wanted, *, is_create: bool) -> Wanted:
    """What brings its schema owns it, and when it is created keeps it for ever."""
    if wanted.schema is None:
        lifecycle, frozen = wanted.lifecycle or Lifecycle.WEAK, bool(wanted.frozen)
        if lifecycle is Lifecycle.WEAK and frozen:
            raise errors.invalid_association("frozen", "association with lifecycle of WEAK cannot be frozen")
        return replace(wanted, lifecycle=lifecycle, frozen=frozen)
    if wanted.lifecycle is Lifecycle.WEAK:
        raise errors.invalid_association("lifecycle", "cannot be WEAK when schema is provided")
    if wanted.frozen not in {None, is_create}:
        why = (
            "cannot be false when schema is provided for create"
            if is_create
            else "cannot be true when creating via upsert; use create instead"
        )
        raise errors.invalid_association("frozen", why)
    return replace(wanted, lifecycle=Lifecycle.STRONG, frozen=is_create)


def _subject(store: Store, resource: Resource, wanted: Wanted, before: Association | None, context: str) -> str:
    if wanted.subject is not None:
        if not wanted.subject or any(ord(letter) < 32 or ord(letter) == 127 for letter in wanted.subject):
            raise errors.invalid_association("subject", "must not be empty")
        return store.named_by(qualified(context, wanted.subject))
    if before is not None:
        return before.subject
    if wanted.lifecycle is not Lifecycle.STRONG:
        raise errors.invalid_association("subject", "must be provided for WEAK associations")
    return resource.default_subject(wanted.type)


def _check_lifecycle(resource: Resource, wanted: Wanted, before: Association | None, subject: str) -> None:
    lifecycle = wanted.lifecycle or (before.lifecycle if before is not None else None)
    default = resource.default_subject(wanted.type)
    if lifecycle is Lifecycle.WEAK and wanted.schema is not None:
        raise errors.invalid_association("lifecycle", "cannot be WEAK when schema is provided")
    if lifecycle is Lifecycle.WEAK and subject == default:
        raise errors.invalid_association("subject", f"WEAK associations cannot use subject '{default}'")
    if (before.frozen if before is not None else wanted.frozen) and subject != default:
        raise errors.invalid_association("subject", f"frozen associations must use subject '{default}'")


def _check_freezing(store: Store, wanted: Wanted, subject: str, is_registered: IsRegistered, *, is_create: bool) -> None:
    if not wanted.frozen or store.mode_in_scope(subject) is Mode.IMPORT:
        return
    if is_create and wanted.schema is None:
        raise errors.invalid_association("schema", "schema must be provided when creating a frozen association")
    latest = store.latest(subject)
    if latest is None:
        return
    if wanted.schema is None or latest.version != 1 or not is_registered(subject, wanted.schema, wanted.normalize):
        raise errors.invalid_association("frozen", "cannot create a frozen association when schemas already exist in the subject")


def _is_equivalent(before: Association, wanted: Wanted, subject: str) -> bool:
    same_lifecycle, same_frozen = wanted.lifecycle in {None, before.lifecycle}, wanted.frozen in {None, before.frozen}
    return before.subject == subject and same_lifecycle and same_frozen


def _check_update(resource: Resource, wanted: Wanted, before: Association, subject: str) -> None:
    default = resource.default_subject(wanted.type)
    if wanted.lifecycle is None and wanted.schema is None:
        raise errors.invalid_association("lifecycle", "at least lifecycle or schema must be provided for update")
    if subject != before.subject:
        raise errors.invalid_association(
            "subject", f"subject of association cannot be changed from '{before.subject}' to '{subject}'"
        )
    if before.lifecycle is Lifecycle.STRONG and wanted.lifecycle is Lifecycle.WEAK and before.subject == default:
        raise errors.invalid_association("lifecycle", f"cannot change to WEAK when subject matches default format '{default}'")
    if wanted.frozen is not None and wanted.frozen is not before.frozen:
        raise errors.invalid_association("frozen", "frozen attribute of association cannot be changed")
    if before.frozen:
        raise errors.association_frozen(before.association_type, before.subject)


def _check_against_others(store: Store, planned: Planned) -> None:
    subject = planned.subject
    if planned.wanted.schema is None and store.latest(subject) is None:
        raise errors.no_active_version(subject)
    others = [each for each in store.associations() if each.subject == subject and each != planned.before]
    lifecycle = planned.wanted.lifecycle or (planned.before.lifecycle if planned.before is not None else Lifecycle.WEAK)
    if lifecycle is Lifecycle.STRONG and others:
        raise errors.association_of_subject_exists(subject)
    if lifecycle is Lifecycle.WEAK and any(each.lifecycle is Lifecycle.STRONG for each in others):
        raise errors.strong_association_exists(subject)


def associate(resource: Resource, planned: Sequence[Planned]) -> Change:
    """Keep what was planned; the answer is the associations that are new or changed."""
    after = [each.after(resource) for each in planned if not each.is_there]
    return Change(after, tuple(records.association_record(each) for each in after))


def _of_resource(store: Store, resource_id: str | None, resource_type: str) -> list[Association]:
    if resource_id is None:
        return []
    return [each for each in store.associations() if (each.resource_id, each.resource_type) == (resource_id, resource_type)]


def dissociate(store: Store, resource_id: str, resource_type: str, types: Sequence[str], *, cascade: bool, dry_run: bool) -> Change:
    """Forget associations of a resource, all of them without `types`; `cascade` purges the subjects that STRONG ones own."""
    found = [each for each in _of_resource(store, resource_id, resource_type) if not types or each.association_type in types]
    if not found:
        raise errors.association_not_found(resource_id)
    changes = [record for each in found for record in _forgotten(store, each, cascade=cascade)]
    return Change(None, () if dry_run else tuple(changes))


def _forgotten(store: Store, association: Association, *, cascade: bool) -> list[records.Record]:
    subject = association.subject
    mode = store.mode_in_scope(subject)
    check_writable(subject, mode)
    if association.frozen and not cascade:
        raise errors.association_frozen(association.association_type, subject)
    owned = cascade and association.lifecycle is Lifecycle.STRONG and mode is not Mode.IMPORT
    return [records.association_tombstone(association), *(purge_subject(store, subject) if owned else ())]
