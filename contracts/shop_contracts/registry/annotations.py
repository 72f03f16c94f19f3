"""What stands beside a schema: metadata and rules, checked and merged as Confluent's registry does it.

A rule set is data here: serialisers run the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from shop_contracts.registry import errors

CONFLUENT_VERSION = "confluent:version"
"""The property in which a schema that was registered with a number carries it."""
_LONGEST_NAME = 256
_PHASES = ("migrationRules", "domainRules", "encodingRules")


class Metadata(msgspec.Struct, frozen=True):
    """Tags by path, properties, and the names of properties that are sensitive."""

    tags: dict[str, list[str]] | None = None
    properties: dict[str, str] | None = None
    sensitive: list[str] | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept and answered: sets sorted, what is empty left out."""
        tags = {path: _set(names) for path, names in sorted((self.tags or {}).items())}
        properties = dict(sorted((self.properties or {}).items()))
        return _filled({"tags": tags, "properties": properties, "sensitive": _set(self.sensitive)})


class RuleKind(StrEnum):
    """What a rule does with a record: change it or judge it."""

    TRANSFORM = "TRANSFORM"
    CONDITION = "CONDITION"


class RuleMode(StrEnum):
    """When a rule runs."""

    UPGRADE = "UPGRADE"
    DOWNGRADE = "DOWNGRADE"
    UPDOWN = "UPDOWN"
    WRITE = "WRITE"
    READ = "READ"
    WRITEREAD = "WRITEREAD"


_MIGRATION = {RuleMode.UPGRADE, RuleMode.DOWNGRADE, RuleMode.UPDOWN}
_BOTH_WAYS = {RuleMode.WRITEREAD, RuleMode.UPDOWN}


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """One rule, with Confluent's defaults."""

    name: str | None = None
    doc: str | None = None
    kind: RuleKind | None = None
    mode: RuleMode | None = None
    type: str | None = None
    tags: list[str] | None = None
    params: dict[str, str] | None = None
    expr: str | None = None
    on_success: str | None = None
    on_failure: str | None = None
    disabled: bool = False

    @property
    def effective_mode(self) -> RuleMode:
        """When it runs where it does not say so: on both sides."""
        return self.mode or RuleMode.WRITEREAD

    def check(self) -> None:
        """Raise RegistryError 42210 for a rule that cannot be."""
        self._check_name(self.name)
        if self.type is None:
            raise errors.invalid_rule_set(f"Missing rule type of '{self.name}'")
        for actions in (self.on_success, self.on_failure):
            if actions and "," in actions and self.effective_mode not in _BOTH_WAYS:
                raise errors.invalid_rule_set(f"Multiple actions only valid with WRITEREAD and UPDOWN, not in '{self.name}'")

    def _check_name(self, name: str | None) -> None:
        if name is None:
            raise errors.invalid_rule_set("Missing rule name")
        if not name:
            raise errors.invalid_rule_set("Empty rule name")
        if len(name) > _LONGEST_NAME:
            raise errors.invalid_rule_set("Rule name too long")
        if not (name[0].isalpha() or name[0] == "_"):
            raise errors.invalid_rule_set(f"Illegal initial character in rule name: {name}")
        if not all(letter.isalnum() or letter in "_-" for letter in name):
            raise errors.invalid_rule_set(f"Illegal character in rule name: {name}")

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept and answered: defaults filled in, what is empty left out."""
        fields = {
            "name": self.name,
            "doc": self.doc,
            "kind": self.kind or RuleKind.TRANSFORM,
            "mode": self.effective_mode,
            "type": self.type,
            "tags": _set(self.tags),
            "params": dict(sorted((self.params or {}).items())),
            "expr": self.expr,
            "onSuccess": self.on_success,
            "onFailure": self.on_failure,
        }
        return {**_filled(fields), "disabled": self.disabled}


class RuleSet(msgspec.Struct, frozen=True, rename="camel"):
    """Rules by the phase they belong to."""

    migration_rules: list[Rule] | None = None
    domain_rules: list[Rule] | None = None
    encoding_rules: list[Rule] | None = None
    enable_at: str | None = None

    def check(self) -> None:
        """Raise RegistryError 42210 for a rule that cannot be, a name that is there twice, a mode of another phase."""
        names: set[str | None] = set()
        for phase, rules in (("Migration", self.migration_rules), ("Domain", self.domain_rules), ("Encoding", self.encoding_rules)):
            for rule in rules or ():
                if rule.name in names:
                    raise errors.invalid_rule_set(f"Found rule with duplicate name '{rule.name}'")
                names.add(rule.name)
                rule.check()
                if (rule.effective_mode in _MIGRATION) is not (phase == "Migration"):
                    allowed = "UPGRADE, DOWNGRADE, UPDOWN" if phase == "Migration" else "WRITE, READ, WRITEREAD"
                    raise errors.invalid_rule_set(f"{phase} rules can only be {allowed}, unlike '{rule.name}'")

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept and answered: defaults filled in, what is empty left out."""
        fields = {
            "migrationRules": [rule.plain() for rule in self.migration_rules or ()],
            "domainRules": [rule.plain() for rule in self.domain_rules or ()],
            "encodingRules": [rule.plain() for rule in self.encoding_rules or ()],
            "enableAt": self.enable_at,
        }
        return _filled(fields)


def merged_metadata(*layers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the layers in one, later ones winning by path of tags and by name of property; None when there is none."""
    merged: dict[str, Any] | None = None
    for layer in layers:
        if merged is None or layer is None:
            merged = layer if merged is None else merged
            continue
        tags, properties = ({**merged.get(name, {}), **layer.get(name, {})} for name in ("tags", "properties"))
        sensitive = _set([*merged.get("sensitive", ()), *layer.get("sensitive", ())])
        merged = _filled({"tags": tags, "properties": properties, "sensitive": sensitive})
    return merged


def merged_rules(*layers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the layers in one: a rule of a later layer takes the place of an earlier one of its name and phase."""
    merged: dict[str, Any] | None = None
    for layer in layers:
        if merged is None or layer is None:
            merged = layer if merged is None else merged
            continue
        out = {**merged, **layer}
        for phase in _PHASES:
            later = layer.get(phase, [])
            names = {rule.get("name") for rule in later}
            out[phase] = [rule for rule in merged.get(phase, []) if rule.get("name") not in names] + later
        merged = _filled(out)
    return merged


def has_rule_type(rules: dict[str, Any] | None, rule_type: str) -> bool:
    """Return whether one of the rules is of the type."""
    return any(rule.get("type") == rule_type for phase in _PHASES for rule in (rules or {}).get(phase, ()))


def without_rules(rules: dict[str, Any] | None, names: Iterable[str]) -> dict[str, Any] | None:
    """Return the rules but for those of these names."""
    if rules is None:
        return None
    removed = set(names)
    phases = {phase: [rule for rule in rules.get(phase, ()) if rule.get("name") not in removed] for phase in _PHASES}
    return _filled({**rules, **phases})


def version_in(metadata: dict[str, Any] | None) -> str | None:
    """Return the number that metadata carries, as it stands there."""
    found: str | None = ((metadata or {}).get("properties") or {}).get(CONFLUENT_VERSION)
    return found


def with_version(metadata: dict[str, Any] | None, number: int | None) -> dict[str, Any]:
    """Return metadata that carries the number, or with None none."""
    properties = {**((metadata or {}).get("properties") or {})}
    properties.pop(CONFLUENT_VERSION, None)
    if number is not None:
        properties[CONFLUENT_VERSION] = str(number)
    return _filled({**(metadata or {}), "properties": properties})


def _set(names: Iterable[str] | None) -> list[str]:
    return sorted(set(names or ()))


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}
