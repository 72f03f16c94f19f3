"""All rules, found by what they ask about."""

from __future__ import annotations

from collections.abc import Mapping

from shop_contracts.openapi_diff.changes import Direction, Place, Verb
from shop_contracts.openapi_diff.rules import (
    bounds,
    containment,
    existence,
    lifecycle,
    operations,
    security,
    structure,
    types,
    values,
)
from shop_contracts.openapi_diff.rules.rule import Level, Rule

Question = tuple[Direction, Place, str, Verb]

FAMILIES: Mapping[str, tuple[Rule, ...]] = {
    "Operations": operations.RULES,
    "Existence": existence.RULES,
    "Types": types.RULES,
    "Values": values.RULES,
    "Bounds": bounds.RULES,
    "Structure": structure.RULES,
    "Containment": containment.RULES,
    "Security": security.RULES,
    "Lifecycle": lifecycle.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in FAMILIES.values() for rule in rules)


_OF_UNDECLARED = frozenset(
    ("additional-properties", "pattern-property", "property-names", "unevaluated-properties", "required-undeclared")
)
"""What these restrict nobody declares, so containment, which looks at declared properties, has no say in it."""

CONTAINED: frozenset[Rule] = frozenset(
    rule
    for rule in (*types.RULES, *values.RULES, *bounds.RULES, *structure.RULES, *operations.RULES, *existence.RULES)
    if rule.place in {Place.BODY, Place.PROPERTY, Place.PARAMETER, Place.PARAMETER_PROPERTY, Place.HEADER, Place.HEADER_PROPERTY}
    and not rule.aspect.startswith(("x-", "content-"))
    and rule.aspect not in _OF_UNDECLARED | {"schema-false"}
    and (rule.aspect, rule.verb) != ("enum", Verb.UNSET)  # of an enum that is gone clients were generated with a type
    and (rule.level is Level.ERROR or rule.aspect != "property")
)
"""Rules on parts of schemas that say nothing where the schemas as a whole are proved to fit."""


def _by_question() -> dict[Question, list[Rule]]:
    found: dict[Question, list[Rule]] = {}
    for rule in RULES:
        found.setdefault((rule.direction, rule.place, rule.aspect, rule.verb), []).append(rule)
    return found


BY_QUESTION: Mapping[Question, list[Rule]] = _by_question()

__all__ = ["BY_QUESTION", "CONTAINED", "FAMILIES", "RULES", "Level", "Question", "Rule"]
