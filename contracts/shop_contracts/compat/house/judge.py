"""House mode's verdict: every selected rule, on every pair, against every version that counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from shop_contracts.compat.elements import Enum, File
from shop_contracts.compat.house import reuse, rules
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import Pair, walk
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import HOUSE, Category, Rule
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.proof import Evidence
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Schema

STANDARD_IMPORTS = ("google/protobuf/", "google/type/", "google/rpc/", "google/api/", "confluent/", "buf/validate/")
"""Files that come with compilers and frameworks: who imports them does not answer for them."""
RULES: tuple[Rule[Any], ...] = (*rules.RULES, *reuse.RULES)


def judge(
    old_versions: Sequence[Schema],
    new: Schema,
    *,
    level: Level,
    categories: Collection[Category] = HOUSE,
    targets: Collection[str] | None = None,
) -> Report:
    """Return what the house says to `new` after `old_versions` (oldest first).

    House rules hold in both directions at once, so of the level only NONE and TRANSITIVE count. `targets` are the paths of the
    files that are judged, and what is in none of them any more counts as deleted. Where it is None, the main file is judged and
    what it imports, but for standard imports, and an import that is no longer used is not a deletion.
    """
    if level is Level.NONE:
        return Report(Mode.HOUSE, level)
    earlier = list(reversed(old_versions if level.is_transitive else old_versions[-1:]))
    refusals = _Refusals(new, _by_subject(categories), targets)
    for old in earlier:
        for pair in walk(old, new):
            refusals.judge(pair, old)
    if earlier:
        refusals.judge(History(earlier, new), earlier[0])
    return Report(Mode.HOUSE, level, list(refusals.findings.values()))


def _by_subject(categories: Collection[Category]) -> dict[type, list[Rule[Any]]]:
    selected: dict[type, list[Rule[Any]]] = {}
    for rule in RULES:
        if not rule.categories.isdisjoint(categories):
            selected.setdefault(rule.on, []).append(rule)
    return selected


@dataclass(slots=True)
class _Refusals:
    """What is refused so far. What several versions have in common is said once, of the latest of them."""

    new: Schema
    selected: dict[type, list[Rule[Any]]]
    targets: Collection[str] | None
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    def judge(self, subject: Pair | History, old: Schema) -> None:
        for rule in self.selected.get(type(subject), ()):
            for refusal in rule.check(subject):
                key = (rule.id, refusal.path, refusal.before)
                if key not in self.findings and self._is_judged(refusal, old):
                    self.findings[key] = _finding(rule, refusal, refusal.against or old, self.new)

    def _is_judged(self, refusal: Break, old: Schema) -> bool:
        if self.targets is not None:
            return refusal.file is None or refusal.file in self.targets
        if refusal.file is None:
            gone = refusal.old if isinstance(refusal.old, File) else getattr(refusal.old, "file", None)
            return gone is None or gone.path == old.main
        return refusal.file == self.new.main or not refusal.file.startswith(STANDARD_IMPORTS)


def _finding(rule: Rule[Any], refusal: Break, old: Schema, new: Schema) -> Finding:
    tail = refusal.path.rpartition("/")[2]
    number = int(tail) if isinstance(refusal.old, Enum) and tail.removeprefix("-").isdigit() else None
    return Finding(
        id=rule.id,
        path=refusal.path,
        before=refusal.before,
        after=refusal.after,
        message=refusal.message,
        breaking=True,
        direction=Direction.BACKWARD,
        against=old.version,
        categories=tuple(sorted(rule.categories)),
        evidence=Evidence(old, new, "old", refusal.old, refusal.new, number),
    )
