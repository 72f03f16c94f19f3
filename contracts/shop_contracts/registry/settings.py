"""What a request for config or mode changes, decided from the state alone: see `shop_contracts.registry.changes`."""

from __future__ import annotations

from typing import Any

import msgspec

from shop_contracts.compat import Level
from shop_contracts.registry import errors, records
from shop_contracts.registry.annotations import Metadata, RuleSet
from shop_contracts.registry.changes import Change, check_writable
from shop_contracts.registry.deletes import tombstones
from shop_contracts.registry.model import DEFAULT_CONTEXT, DEFAULT_MODE, GLOBAL_CONTEXT, Mode, Settings, is_context, is_covered
from shop_contracts.registry.store import Store

POLICIES = ("STRICT", "LENIENT")
"""How JSON Schemas are compared."""


class ConfigRequest(msgspec.Struct, frozen=True, rename="camel"):
    """What is to be set; a field that is null is taken back, one that is absent stays.

    `alias_for_deks`, `validate_new_schemas` and `validate_rules` are kept for others to read, as Confluent's open registry does.
    """

    alias: str | msgspec.UnsetType | None = msgspec.UNSET
    alias_for_deks: str | msgspec.UnsetType | None = msgspec.UNSET
    normalize: bool | msgspec.UnsetType | None = msgspec.UNSET
    validate_fields: bool | msgspec.UnsetType | None = msgspec.UNSET
    validate_new_schemas: bool | msgspec.UnsetType | None = msgspec.UNSET
    validate_rules: bool | msgspec.UnsetType | None = msgspec.UNSET
    compatibility: str | msgspec.UnsetType | None = msgspec.UNSET
    compatibility_policy: str | msgspec.UnsetType | None = msgspec.UNSET
    compatibility_group: str | msgspec.UnsetType | None = msgspec.UNSET
    default_metadata: Metadata | msgspec.UnsetType | None = msgspec.UNSET
    override_metadata: Metadata | msgspec.UnsetType | None = msgspec.UNSET
    default_rule_set: RuleSet | msgspec.UnsetType | None = msgspec.UNSET
    override_rule_set: RuleSet | msgspec.UnsetType | None = msgspec.UNSET

    def fields(self) -> dict[str, Any]:
        """Return the fields that are named, as a config keeps them. Raises RegistryError 42203, 42210."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        named = {kept: getattr(self, name) for name, kept in names if getattr(self, name) is not msgspec.UNSET}
        fields = {kept: _kept(kept, value) for kept, value in named.items()}
        if "compatibility" in fields:
            fields["compatibilityLevel"] = fields.pop("compatibility")
        return fields


def _kept(name: str, value: Any) -> Any:
    match value:
        case RuleSet():
            value.check()
            return value.plain()
        case Metadata():
            return value.plain()
        case str() if name == "compatibility":
            return _level(value)
        case str() if name == "compatibilityPolicy":
            if value.upper() not in POLICIES:
                raise errors.invalid_policy(value)
            return value.upper()
    return value


def _level(level: str) -> str:
    try:
        return Level(level.upper()).value
    except ValueError:
        raise errors.invalid_level(level) from None


def update_config(store: Store, subject: str | None, wanted: ConfigRequest) -> Change:
    """Set fields of a config, of the whole registry with None; the answer is all that is set then."""
    check_writable(subject, store.mode_in_scope(subject))
    before = store.config(subject)
    merged = {**(before.fields if before else {}), **wanted.fields()}
    merged = {name: value for name, value in merged.items() if value is not None}
    answer = {("compatibility" if name == "compatibilityLevel" else name): value for name, value in merged.items()}
    if before is not None and merged == before.fields:
        return Change(answer)
    return Change(answer, (records.config_record(subject, Settings(merged)),))


def delete_config(store: Store, subject: str | None) -> Change:
    """Forget a config; the answer is what it was (Settings)."""
    check_writable(subject, store.mode_in_scope(subject))
    before = store.config(subject)
    if before is None:
        if subject is not None:
            raise errors.subject_not_found(subject)
        return Change(Settings().with_level())
    return Change(before.with_level(), (records.config_record(subject, None),))


def update_mode(store: Store, subject: str | None, mode: str | None, *, force: bool) -> Change:
    """Set a mode, of the whole registry with None for `subject`; with None for `mode` take it back. The answer is the mode.

    IMPORT wants no schemas there, or `force`, and purges those that were deleted softly.
    """
    wanted = _mode(subject, mode)
    purged = []
    if wanted is Mode.IMPORT and not force and store.mode_in_scope(subject) is not Mode.IMPORT:
        purged = store.covered(subject)
        if not all(version.deleted for version in purged):
            raise errors.not_permitted("Cannot import since found existing subjects")
        for version in purged:
            if store.referrers(*version.key, deleted=True):
                raise errors.reference_exists(*version.key)
    if store.mode(subject) is wanted and not purged:
        return Change(wanted)
    return Change(wanted, (*(tombstones(store, purged) if purged else ()), records.mode_record(subject, wanted)))


def _mode(subject: str | None, mode: str | None) -> Mode | None:
    if mode is None:
        return None
    try:
        wanted = Mode(mode.upper())
    except ValueError:
        raise errors.invalid_mode(mode) from None
    if wanted is Mode.FORWARD and subject != f":{GLOBAL_CONTEXT}:":
        raise errors.forward_is_global(subject)
    return wanted


def delete_mode(store: Store, subject: str | None, *, recursive: bool = False) -> Change:
    """Forget a mode; the answer is what it was. `recursive` takes those of a context's subjects along, if it has one or not."""
    before = store.mode(subject)
    if before is None and subject is not None and not recursive:
        raise errors.subject_not_found(subject)
    taken = [subject] if before is not None else []
    if recursive and (subject is None or is_context(subject)):
        context = subject or f":{DEFAULT_CONTEXT}:"
        taken += [each for each in store.subjects_with_mode() if each != subject and is_covered(each, context)]
    answer = DEFAULT_MODE if before is None and subject is None else before
    return Change(answer, tuple(records.mode_record(each, None) for each in taken))
