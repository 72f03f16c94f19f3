"""House mode's verdict: every selected rule, on every pair, against every version that counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from shop_contracts.compat.house import reuse, rules
from shop_contracts.compat.house.pairs import Break, History, Pair, walk
from shop_contracts.compat.house.rule import HOUSE, Category, Rule
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Schema

STANDARD_IMPORTS = ("google/", "confluent/", "buf/")
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
    files that are judged, all but the standard imports where it is None.
    """
    if level is Level.NONE:
        return Report(Mode.HOUSE, level)
    earlier = list(reversed(old_versions if level.is_transitive else old_versions[-1:]))
    selected = _by_subject(categories)
    findings: dict[tuple[str, str, str], Finding] = {}
    for old in earlier:
        for pair in walk(old.tree, new.tree):
            _collect(findings, selected, pair, old, targets)
    if earlier:
        _collect(findings, selected, History(earlier, new), earlier[0], targets)
    return Report(Mode.HOUSE, level, list(findings.values()))


def _by_subject(categories: Collection[Category]) -> dict[type, list[Rule[Any]]]:
    selected: dict[type, list[Rule[Any]]] = {}
    for rule in RULES:
        if not rule.categories.isdisjoint(categories):
            selected.setdefault(rule.on, []).append(rule)
    return selected


def _collect(
    findings: dict[tuple[str, str, str], Finding],
    selected: dict[type, list[Rule[Any]]],
    subject: Pair | History,
    old: Schema,
    targets: Collection[str] | None,
) -> None:
    """Add what the rules refuse on a subject; what several versions have in common is said once, of the latest of them."""
    for rule in selected.get(type(subject), ()):
        for refusal in rule.check(subject):
            if _is_target(refusal.file, targets):
                finding = _finding(rule, refusal, refusal.against or old)
                findings.setdefault((rule.id, refusal.path, refusal.before), finding)


def _is_target(file: str | None, targets: Collection[str] | None) -> bool:
    if file is None:
        return True
    return not file.startswith(STANDARD_IMPORTS) if targets is None else file in targets


def _finding(rule: Rule[Any], refusal: Break, old: Schema) -> Finding:
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
    )
