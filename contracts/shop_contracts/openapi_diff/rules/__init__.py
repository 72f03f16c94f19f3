"""All rules, found by what they ask about."""

from __future__ import annotations

from collections.abc import Mapping

from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.rules import bounds, existence, lifecycle, security, structure, types, values
from shop_contracts.openapi_diff.rules.rule import Level, Rule

Question = tuple[Direction, Place, str, Verb]

FAMILIES: Mapping[str, tuple[Rule, ...]] = {
    "Existence": existence.RULES,
    "Types": types.RULES,
    "Values": values.RULES,
    "Bounds": bounds.RULES,
    "Structure": structure.RULES,
    "Security": security.RULES,
    "Lifecycle": lifecycle.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in FAMILIES.values() for rule in rules)


def _by_question() -> dict[Question, list[Rule]]:
    found: dict[Question, list[Rule]] = {}
    for rule in RULES:
        found.setdefault((rule.direction, rule.place, rule.aspect, rule.verb), []).append(rule)
    return found


BY_QUESTION: Mapping[Question, list[Rule]] = _by_question()

__all__ = ["BY_QUESTION", "FAMILIES", "RULES", "Level", "Question", "Rule"]
