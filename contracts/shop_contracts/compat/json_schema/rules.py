"""The differences that are told, by the names that Confluent's registry gives them, each with its verdict.

A reader that takes every document its writer allows is safe. Confluent's policies differ in what a writer is thought to do: under
STRICT it may use every freedom that its schema leaves, under LENIENT it sends no properties that its schema does not name.
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/serdes-json.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum


class Policy(StrEnum):
    """The registry's setting `compatibilityPolicy`."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"


class Verdict(Enum):
    """Under which policies a difference is let pass."""

    SAFE = "let pass"
    SAFE_IF_LENIENT = "refused under STRICT"
    BREAKS = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """A difference. In `sentence` {reader} and {writer} stand for 'new' and 'old', or the other way round."""

    id: str
    verdict: Verdict
    sentence: str

    def breaks(self, policy: Policy) -> bool:
        """Whether the difference refuses a version under a policy."""
        return self.verdict is Verdict.BREAKS or (self.verdict is Verdict.SAFE_IF_LENIENT and policy is Policy.STRICT)


def _rules() -> Iterator[Rule]:
    for word, stem in UPPER_LIMITS.items():
        yield from _limit(word, stem, loosened="INCREASED", tightened="DECREASED")
    for word, stem in LOWER_LIMITS.items():
        yield from _limit(word, stem, loosened="DECREASED", tightened="INCREASED")
    for verdict, table in ((Verdict.SAFE, _SAFE), (Verdict.SAFE_IF_LENIENT, _SAFE_IF_LENIENT), (Verdict.BREAKS, _BREAKING)):
        for name, sentence in table.items():
            yield Rule(name, verdict, sentence)


def _limit(word: str, stem: str, *, loosened: str, tightened: str) -> Iterator[Rule]:
    yield Rule(f"{stem}_ADDED", Verdict.BREAKS, f"The {{reader}} schema has a {word} and the {{writer}} schema has none.")
    yield Rule(
        f"{stem}_{tightened}", Verdict.BREAKS, f"The {word} of the {{reader}} schema is tighter than that of the {{writer}}."
    )
    yield Rule(f"{stem}_{loosened}", Verdict.SAFE, f"The {word} of the {{reader}} schema is looser than that of the {{writer}}.")
    yield Rule(f"{stem}_REMOVED", Verdict.SAFE, f"The {{writer}} schema has a {word} and the {{reader}} schema has none.")


UPPER_LIMITS = {
    "maxLength": "MAX_LENGTH",
    "maximum": "MAXIMUM",
    "exclusiveMaximum": "EXCLUSIVE_MAXIMUM",
    "maxProperties": "MAX_PROPERTIES",
    "maxItems": "MAX_ITEMS",
    "maxContains": "MAX_CONTAINS",
}
LOWER_LIMITS = {
    "minLength": "MIN_LENGTH",
    "minimum": "MINIMUM",
    "exclusiveMinimum": "EXCLUSIVE_MINIMUM",
    "minProperties": "MIN_PROPERTIES",
    "minItems": "MIN_ITEMS",
    "minContains": "MIN_CONTAINS",
}
_SAFE = {
    "ID_CHANGED": "The schemas have different ids.",
    "TITLE_CHANGED": "The schemas have different titles.",
    "DESCRIPTION_CHANGED": "The schemas have different descriptions.",
    "DEFAULT_CHANGED": "The schemas have different defaults.",
    "SCHEMA_REMOVED": "The {reader} schema says nothing where the {writer} schema does.",
    "TYPE_EXTENDED": "The {reader} schema takes every number, the {writer} schema whole ones.",
    "PATTERN_REMOVED": "The {reader} schema has no pattern.",
    "MULTIPLE_OF_REMOVED": "The {reader} schema has no multipleOf.",
    "MULTIPLE_OF_REDUCED": "What is a multiple for the {writer} schema is one for the {reader} schema.",
    "REQUIRED_ATTRIBUTE_REMOVED": "The {reader} schema does not require the property.",
    "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED": "The {reader} schema requires the property and has a default for it.",
    "DEPENDENCY_ARRAY_NARROWED": "The {reader} schema has the property depend on fewer others.",
    "DEPENDENCY_ARRAY_REMOVED": "The {reader} schema has the property depend on no others.",
    "DEPENDENCY_SCHEMA_REMOVED": "The {reader} schema has nothing depend on the property.",
    "ADDITIONAL_PROPERTIES_ADDED": "The {reader} schema allows undeclared properties.",
    "ADDITIONAL_PROPERTIES_EXTENDED": "The {reader} schema allows undeclared properties to be anything.",
    "UNEVALUATED_PROPERTIES_ADDED": "The {reader} schema allows properties that no part of it evaluates.",
    "UNEVALUATED_PROPERTIES_EXTENDED": "The {reader} schema allows properties that no part of it evaluates to be anything.",
    "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema declares a property that may be anything; the {writer} schema is open."
    ),
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL": (
        "The {reader} schema requires a property that has a default; the {writer} schema is not open."
    ),
    "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL": (
        "The {reader} schema declares an optional property; the {writer} schema is not open."
    ),
    "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL": (
        "The {writer} schema forbids the property by name, the {reader} schema with all undeclared ones."
    ),
    "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL": "The {reader} schema is open and does not declare the property.",
    "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "What the {writer} schema says of undeclared properties fits the property that the {reader} schema declares."
    ),
    "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "The property of the {writer} schema fits what the {reader} schema says of undeclared ones."
    ),
    "UNIQUE_ITEMS_REMOVED": "The {reader} schema lets elements repeat.",
    "ADDITIONAL_ITEMS_ADDED": "The {reader} schema allows further elements.",
    "ADDITIONAL_ITEMS_EXTENDED": "The {reader} schema allows further elements to be anything.",
    "UNEVALUATED_ITEMS_ADDED": "The {reader} schema allows elements that no part of it evaluates.",
    "UNEVALUATED_ITEMS_EXTENDED": "The {reader} schema allows elements that no part of it evaluates to be anything.",
    "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema lists an element that may be anything; the {writer} schema is open."
    ),
    "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL": "The {reader} schema lists an element; the {writer} schema is closed.",
    "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL": (
        "The {writer} schema forbids the element by its place, the {reader} schema with all further ones."
    ),
    "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL": "The {reader} schema is open and does not list the element.",
    "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "What the {writer} schema says of further elements fits the element that the {reader} schema lists."
    ),
    "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "The element of the {writer} schema fits what the {reader} schema says of further ones."
    ),
    "ENUM_ARRAY_EXTENDED": "The {reader} schema has all values of the {writer} schema and more.",
    "COMBINED_TYPE_EXTENDED": "The {reader} schema asks for fewer of its branches.",
    "PRODUCT_TYPE_NARROWED": "The {reader} schema has fewer branches that must all hold.",
    "SUM_TYPE_EXTENDED": "The {reader} schema has more branches to choose from.",
    "NOT_TYPE_NARROWED": "The {reader} schema excludes no more than the {writer} schema.",
}
_SAFE_IF_LENIENT = {
    "ADDITIONAL_PROPERTIES_REMOVED": "The {reader} schema allows no undeclared properties, the {writer} schema does.",
    "ADDITIONAL_PROPERTIES_NARROWED": "The {reader} schema says what undeclared properties are; else they are anything.",
    "UNEVALUATED_PROPERTIES_REMOVED": "The {reader} schema allows no properties that no part of it evaluates; the {writer} does.",
    "UNEVALUATED_PROPERTIES_NARROWED": "The {reader} schema says what properties are that no part of it evaluates.",
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema requires a property, with a default, that the {writer} schema lets be anything."
    ),
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema declares a property that the {writer} schema, which is open, lets be anything."
    ),
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL": "The {reader} schema is closed and does not declare the property.",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "What the {writer} schema says of undeclared properties does not fit the property that the {reader} schema declares."
    ),
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "The property of the {writer} schema does not fit what the {reader} schema says of undeclared ones."
    ),
}
_BREAKING = {
    "SCHEMA_ADDED": "The {reader} schema says something where the {writer} schema says nothing.",
    "TYPE_NARROWED": "The {reader} schema takes whole numbers only, the {writer} schema every number.",
    "TYPE_CHANGED": "The schemas are of different kinds, and neither covers the other.",
    "PATTERN_ADDED": "The {reader} schema has a pattern and the {writer} schema has none.",
    "PATTERN_CHANGED": "The schemas have different patterns.",
    "MULTIPLE_OF_ADDED": "The {reader} schema has a multipleOf and the {writer} schema has none.",
    "MULTIPLE_OF_EXPANDED": "The multipleOf of the {reader} schema is a multiple of the {writer} schema's.",
    "MULTIPLE_OF_CHANGED": "Not every multiple for the {writer} schema is one for the {reader} schema.",
    "REQUIRED_ATTRIBUTE_ADDED": "The {reader} schema requires a property that the {writer} schema lets be missing.",
    "DEPENDENCY_ARRAY_ADDED": "The {reader} schema has the property depend on others.",
    "DEPENDENCY_ARRAY_EXTENDED": "The {reader} schema has the property depend on more others.",
    "DEPENDENCY_ARRAY_CHANGED": "The schemas have the property depend on different others.",
    "DEPENDENCY_SCHEMA_ADDED": "The {reader} schema demands something where the property is there.",
    "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema requires a property that the {writer} schema, which is open, does not declare."
    ),
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL": (
        "The {reader} schema requires a property that the {writer} schema, which is not open, does not declare."
    ),
    "UNIQUE_ITEMS_ADDED": "The {reader} schema forbids that elements repeat.",
    "ADDITIONAL_ITEMS_REMOVED": "The {reader} schema allows no further elements, the {writer} schema does.",
    "ADDITIONAL_ITEMS_NARROWED": "The {reader} schema says what further elements are; for the {writer} schema they are anything.",
    "UNEVALUATED_ITEMS_REMOVED": "The {reader} schema allows no elements that no part of it evaluates; the {writer} schema does.",
    "UNEVALUATED_ITEMS_NARROWED": "The {reader} schema says what elements are that no part of it evaluates.",
    "ITEM_ADDED_TO_OPEN_CONTENT_MODEL": (
        "The {reader} schema lists an element that the {writer} schema, which is open, lets be anything."
    ),
    "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL": "The {reader} schema is closed and does not list the {writer} schema's element.",
    "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "The element of the {writer} schema does not fit what the {reader} schema says of further ones."
    ),
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "What the {writer} schema says of further elements does not fit the element that the {reader} schema lists."
    ),
    "ENUM_ARRAY_NARROWED": "The {reader} schema lacks values of the {writer} schema.",
    "ENUM_ARRAY_CHANGED": "The schemas have different values, and neither has all of the other's.",
    "COMBINED_TYPE_CHANGED": "The schemas combine their branches differently, and the {reader} asks for more.",
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED": "A branch of one schema fits none that is left of the other's.",
    "PRODUCT_TYPE_EXTENDED": "The {reader} schema has more branches that must all hold.",
    "SUM_TYPE_NARROWED": "The {reader} schema has fewer branches to choose from.",
    "NOT_TYPE_EXTENDED": "The {reader} schema excludes more than the {writer} schema.",
    "RESERVED_PROPERTY_REMOVED": "The {writer} schema's metadata reserves a name that the {reader} schema's does not.",
    "RESERVED_PROPERTY_CONFLICTS_WITH_PROPERTY": "The {reader} schema declares a property under a name that its metadata reserves.",
}
RULES = {rule.id: rule for rule in _rules()}
