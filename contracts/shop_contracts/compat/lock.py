"""The rule-set lock: which rules hold in which version, and the exceptions that were granted.

A change to a rule changes verdicts, so it shows in the lock file and in its review. An exception lets one refusal pass: it has an
owner and a reason, and it ends by itself. The file is YAML:

    ruleSet:
      FIELD_SAME_NAME: {version: 1, categories: [FILE, PACKAGE, WIRE_JSON]}
    exceptions:
      - rule: FIELD_SAME_NAME
        schema: shop_contracts/proto/orders/v1/events.proto   # a file, or a subject
        path: "#/OrderEvent/3"
        owner: orders
        reason: The field was never filled; no consumer reads it.
        expires: 2026-12-31                                   # the last day on which it holds
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from shop_contracts.compat.report import Finding, Report
from shop_contracts.files import read_regular_file

_EXCEPTION_KEYS = ("rule", "schema", "path", "owner", "reason", "expires")
_ALIAS = re.compile(r"(^|[\s\[{,:-])[&*][A-Za-z0-9_-]+", re.MULTILINE)
LONGEST_TERM_DAYS = 366
"""An exception that could outlive this is a rule nobody wants; change the rule instead."""


class InvalidLock(ValueError):
    """The lock file says something it cannot; `faults` lists everything, each with file and, where known, line."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True, slots=True)
class PinnedRule:
    """A rule as the lock knows it."""

    version: int
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleException:
    """One refusal that is let pass until the end of `expires`."""

    rule: str
    schema: str
    path: str
    owner: str
    reason: str
    expires: date

    def covers(self, finding: Finding, schema: str, today: date) -> bool:
        """Return whether it lets this finding pass today."""
        return (self.rule, self.path, self.schema) == (finding.id, finding.path, schema) and today <= self.expires


@dataclass(frozen=True, slots=True)
class RuleSetLock:
    """What the lock file says."""

    rules: Mapping[str, PinnedRule]
    exceptions: tuple[RuleException, ...] = ()

    def drift(self) -> list[str]:
        """Return, a sentence each, where the rules of this program are not those that were locked; empty when they are."""
        current = current_rules()
        return [
            *(f"{name} is new and not in the lock." for name in sorted(current.keys() - self.rules.keys())),
            *(f"{name} is in the lock and no longer a rule." for name in sorted(self.rules.keys() - current.keys())),
            *(
                f"{name} is locked as {_told(self.rules[name])} and is {_told(current[name])}."
                for name in sorted(current.keys() & self.rules.keys())
                if current[name] != self.rules[name]
            ),
        ]

    def apply(self, report: Report, *, schema: str, today: date) -> Report:
        """Return the report with excepted findings no longer breaking, and told by whom they were excepted."""
        return replace(report, findings=[self._judged(finding, schema, today) for finding in report.findings])

    def expired(self, today: date) -> list[RuleException]:
        """Return the exceptions that no longer hold and should go from the file."""
        return [exception for exception in self.exceptions if exception.expires < today]

    def _judged(self, finding: Finding, schema: str, today: date) -> Finding:
        for exception in self.exceptions:
            if finding.breaking and exception.covers(finding, schema, today):
                return replace(finding, breaking=False, excepted_by=exception.owner)
        return finding


def current_rules() -> dict[str, PinnedRule]:
    """Return the house's rules, of compatibility and of style, as this program has them."""
    from shop_contracts.compat.house.judge import RULES
    from shop_contracts.compat.lint.rules import RULES as LINT_RULES

    pinned = {rule.id: PinnedRule(rule.version, tuple(sorted(rule.categories))) for rule in RULES}
    return pinned | {rule.id: PinnedRule(rule.version, ("LINT",)) for rule in LINT_RULES}


def read_lock(path: Path, *, today: date) -> RuleSetLock:
    """Return the lock file's content. Raises InvalidLock with every fault, or OSError."""
    text = read_regular_file(path).decode("utf-8")
    if _ALIAS.search(text):
        raise InvalidLock([f"{path}: anchors and aliases have no use here and are not read."])
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidLock([f"{path}: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, dict) or content.keys() - {"ruleSet", "exceptions"}:
        raise InvalidLock([f"{path}: the file holds `ruleSet` and `exceptions`, and nothing else."])
    faults: list[str] = []
    rules = _rules(content.get("ruleSet"), faults)
    exceptions = _exceptions(content.get("exceptions", []), rules, faults, today)
    if faults:
        raise InvalidLock([f"{path}: {fault}" for fault in faults])
    return RuleSetLock(rules, exceptions)


def render_lock(exceptions: Sequence[RuleException] = ()) -> str:
    """Return the lock file's text for the rules of this program."""
    lines = ["# Which rules hold in which version, and what is excepted: see docs/reference/contract-rules.md.", "ruleSet:"]
    for name, rule in sorted(current_rules().items()):
        lines.append(f"  {name}: {{version: {rule.version}, categories: [{', '.join(rule.categories)}]}}")
    if not exceptions:
        return "\n".join([*lines, "exceptions: []", ""])
    granted = [{key: getattr(exception, key) for key in _EXCEPTION_KEYS} for exception in exceptions]
    return "\n".join([*lines, yaml.safe_dump({"exceptions": granted}, sort_keys=False)])


def _rules(found: Any, faults: list[str]) -> dict[str, PinnedRule]:
    if not isinstance(found, dict):
        faults.append("`ruleSet` maps rule ids to version and categories.")
        return {}
    rules: dict[str, PinnedRule] = {}
    for name, entry in found.items():
        match entry:
            case {"version": int(version), "categories": [*categories]} if all(isinstance(one, str) for one in categories):
                rules[str(name)] = PinnedRule(version, tuple(categories))
            case _:
                faults.append(f"ruleSet.{name} is not of the form {{version: 1, categories: [WIRE]}}.")
    return rules


def _exceptions(found: Any, rules: Mapping[str, PinnedRule], faults: list[str], today: date) -> tuple[RuleException, ...]:
    if not isinstance(found, list):
        faults.append("`exceptions` is a list.")
        return ()
    return tuple(
        exception for index, entry in enumerate(found) if (exception := _exception(index, entry, rules, faults, today)) is not None
    )


def _exception(index: int, entry: Any, rules: Mapping[str, PinnedRule], faults: list[str], today: date) -> RuleException | None:
    where = f"exceptions[{index}]"
    if not isinstance(entry, dict) or entry.keys() != set(_EXCEPTION_KEYS):
        faults.append(f"{where} has exactly the keys {', '.join(_EXCEPTION_KEYS)}.")
        return None
    if not all(isinstance(entry[key], str) and entry[key].strip() for key in _EXCEPTION_KEYS[:-1]):
        faults.append(f"{where}: rule, schema, path, owner and reason are texts and not empty.")
        return None
    if not isinstance(entry["expires"], date):
        faults.append(f"{where}: expires is a date such as 2026-12-31.")
        return None
    if entry["rule"] not in rules:
        faults.append(f"{where}: {entry['rule']} is not in the ruleSet.")
    if (entry["expires"] - today).days > LONGEST_TERM_DAYS:
        faults.append(f"{where}: it would hold for more than a year; change the rule, or start a new version of the contract.")
    return RuleException(**entry)


def _told(rule: PinnedRule) -> str:
    return f"version {rule.version} of {', '.join(rule.categories)}"
