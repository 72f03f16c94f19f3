"""Every difference of JSON Schemas is told on a case of its own, with the verdict of its rule."""

from __future__ import annotations

from typing import Any

import pytest
from shop_contracts.compat.json_schema.compare import compare
from shop_contracts.compat.json_schema.difference import Difference
from shop_contracts.compat.json_schema.reading import read
from shop_contracts.compat.json_schema.rules import LOWER_LIMITS, RULES, UPPER_LIMITS, Policy, Verdict

Json = Any
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
DRAFT_2020 = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
KIND_OF = {"Length": "string", "imum": "number", "Properties": "object", "Items": "array"}


def props(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def closed(*required: str, **properties: Json) -> Json:
    return props(*required, **properties) | {"additionalProperties": False}


def texts(*required: str, **properties: Json) -> Json:
    return props(*required, **properties) | {"additionalProperties": TEXT}


def items(*schemas: Json, **more: Json) -> Json:
    return {"type": "array", "items": list(schemas), **more}


def limit(word: str, value: int | None) -> Json:
    kind = next((kind for ending, kind in KIND_OF.items() if ending in word), "array")
    contains = {"contains": TEXT, **DRAFT_2020} if "Contains" in word else {}
    return {"type": kind, **contains, **({word: value} if value is not None else {})}


def limits() -> list[tuple[str, Json, Json]]:
    cases = []
    for word, stem in {**UPPER_LIMITS, **LOWER_LIMITS}.items():
        cases += [
            (f"{stem}_INCREASED", limit(word, 3), limit(word, 5)),
            (f"{stem}_DECREASED", limit(word, 5), limit(word, 3)),
        ]
        if word == "minContains":  # there wherever `contains` is
            bare = {"type": "array", **DRAFT_2020}
            cases += [(f"{stem}_ADDED", bare, limit(word, 3)), (f"{stem}_REMOVED", limit(word, 3), bare)]
        else:
            cases += [(f"{stem}_ADDED", limit(word, None), limit(word, 3)), (f"{stem}_REMOVED", limit(word, 3), limit(word, None))]
    return cases


def modern(schema: Json) -> Json:
    return {**DRAFT_2020, **schema}


OBJECT, ARRAY = {"type": "object"}, {"type": "array"}
CASES: list[tuple[str, Json, Json]] = [
    *limits(),
    ("ID_CHANGED", {"$id": "a", **TEXT}, {"$id": "b", **TEXT}),
    ("TITLE_CHANGED", {"title": "a", **TEXT}, {"title": "b", **TEXT}),
    ("DESCRIPTION_CHANGED", TEXT, {"description": "b", **TEXT}),
    ("DEFAULT_CHANGED", {"default": "a", **TEXT}, TEXT),
    ("SCHEMA_REMOVED", {"type": "array", "items": TEXT}, ARRAY),
    ("SCHEMA_ADDED", ARRAY, {"type": "array", "items": TEXT}),
    ("TYPE_EXTENDED", {"type": "integer"}, NUMBER),
    ("TYPE_NARROWED", NUMBER, {"type": "integer"}),
    ("TYPE_CHANGED", TEXT, NUMBER),
    ("PATTERN_ADDED", TEXT, {"pattern": "a", **TEXT}),
    ("PATTERN_REMOVED", {"pattern": "a", **TEXT}, TEXT),
    ("PATTERN_CHANGED", {"pattern": "a", **TEXT}, {"pattern": "b", **TEXT}),
    ("MULTIPLE_OF_ADDED", NUMBER, {"multipleOf": 2, **NUMBER}),
    ("MULTIPLE_OF_REMOVED", {"multipleOf": 2, **NUMBER}, NUMBER),
    ("MULTIPLE_OF_EXPANDED", {"multipleOf": 0.5, **NUMBER}, {"multipleOf": 10, **NUMBER}),
    ("MULTIPLE_OF_REDUCED", {"multipleOf": 10, **NUMBER}, {"multipleOf": 0.1, **NUMBER}),
    ("MULTIPLE_OF_CHANGED", {"multipleOf": 2, **NUMBER}, {"multipleOf": 3, **NUMBER}),
    ("REQUIRED_ATTRIBUTE_ADDED", props(a=TEXT), props("a", a=TEXT)),
    ("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", props(a={"default": "", **TEXT}), props("a", a={"default": "", **TEXT})),
    ("REQUIRED_ATTRIBUTE_REMOVED", props("a", a=TEXT), props(a=TEXT)),
    ("DEPENDENCY_ARRAY_ADDED", OBJECT, {"dependencies": {"a": ["b"]}, **OBJECT}),
    ("DEPENDENCY_ARRAY_REMOVED", modern({"dependentRequired": {"a": ["b"]}, **OBJECT}), modern(OBJECT)),
    ("DEPENDENCY_ARRAY_EXTENDED", {"dependencies": {"a": ["b"]}, **OBJECT}, {"dependencies": {"a": ["b", "c"]}, **OBJECT}),
    ("DEPENDENCY_ARRAY_NARROWED", {"dependencies": {"a": ["b", "c"]}, **OBJECT}, {"dependencies": {"a": ["b"]}, **OBJECT}),
    ("DEPENDENCY_ARRAY_CHANGED", {"dependencies": {"a": ["b"]}, **OBJECT}, {"dependencies": {"a": ["c"]}, **OBJECT}),
    ("DEPENDENCY_SCHEMA_ADDED", modern(OBJECT), modern({"dependentSchemas": {"a": props(b=TEXT)}, **OBJECT})),
    ("DEPENDENCY_SCHEMA_REMOVED", {"dependencies": {"a": props(b=TEXT)}, **OBJECT}, OBJECT),
    ("ADDITIONAL_PROPERTIES_ADDED", closed(), OBJECT),
    ("ADDITIONAL_PROPERTIES_REMOVED", OBJECT, closed()),
    ("ADDITIONAL_PROPERTIES_EXTENDED", texts(), OBJECT),
    ("ADDITIONAL_PROPERTIES_NARROWED", OBJECT, texts()),
    ("UNEVALUATED_PROPERTIES_ADDED", modern({"unevaluatedProperties": False, **OBJECT}), modern(OBJECT)),
    ("UNEVALUATED_PROPERTIES_REMOVED", modern(OBJECT), modern({"unevaluatedProperties": False, **OBJECT})),
    ("UNEVALUATED_PROPERTIES_EXTENDED", modern({"unevaluatedProperties": TEXT, **OBJECT}), modern(OBJECT)),
    ("UNEVALUATED_PROPERTIES_NARROWED", modern(OBJECT), modern({"unevaluatedProperties": TEXT, **OBJECT})),
    ("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", props(), props("a", a=TEXT)),
    ("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", props(), props("a", a={"default": "", **TEXT})),
    ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", props(), props(a=TEXT)),
    ("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", props(), props(a={})),
    ("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", closed(), closed("a", a=TEXT)),
    ("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL", closed(), closed("a", a={"default": "", **TEXT})),
    ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", closed(), closed(a=TEXT)),
    ("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", props(a=TEXT), props()),
    ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", closed(a=TEXT), closed()),
    ("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", closed(a=False), closed()),
    ("PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", texts(a=TEXT), texts()),
    ("PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", texts(a=NUMBER), texts()),
    ("PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", texts(), texts(a=TEXT)),
    ("PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", texts(), texts(a=NUMBER)),
    ("UNIQUE_ITEMS_ADDED", ARRAY, {"uniqueItems": True, **ARRAY}),
    ("UNIQUE_ITEMS_REMOVED", {"uniqueItems": True, **ARRAY}, ARRAY),
    ("ADDITIONAL_ITEMS_ADDED", items(TEXT, additionalItems=False), items(TEXT)),
    ("ADDITIONAL_ITEMS_REMOVED", modern({"prefixItems": [TEXT]}), modern({"prefixItems": [TEXT], "items": False})),
    ("ADDITIONAL_ITEMS_EXTENDED", items(TEXT, additionalItems=TEXT), items(TEXT)),
    ("ADDITIONAL_ITEMS_NARROWED", items(TEXT), items(TEXT, additionalItems=TEXT)),
    ("UNEVALUATED_ITEMS_ADDED", modern({"unevaluatedItems": False, **ARRAY}), modern(ARRAY)),
    ("UNEVALUATED_ITEMS_REMOVED", modern(ARRAY), modern({"unevaluatedItems": False, **ARRAY})),
    ("UNEVALUATED_ITEMS_EXTENDED", modern({"unevaluatedItems": TEXT, **ARRAY}), modern(ARRAY)),
    ("UNEVALUATED_ITEMS_NARROWED", modern(ARRAY), modern({"unevaluatedItems": TEXT, **ARRAY})),
    ("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", items(TEXT), items(TEXT, TEXT)),
    ("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", items(TEXT), items(TEXT, {})),
    ("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", items(TEXT, additionalItems=False), items(TEXT, TEXT, additionalItems=False)),
    ("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", items(TEXT, TEXT), items(TEXT)),
    ("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", items(TEXT, TEXT, additionalItems=False), items(TEXT, additionalItems=False)),
    (
        "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        items(TEXT, False, additionalItems=False),
        items(TEXT, additionalItems=False),
    ),
    (
        "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        items(TEXT, TEXT, additionalItems=TEXT),
        items(TEXT, additionalItems=TEXT),
    ),
    (
        "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        items(TEXT, NUMBER, additionalItems=TEXT),
        items(TEXT, additionalItems=TEXT),
    ),
    (
        "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        items(TEXT, additionalItems=TEXT),
        items(TEXT, TEXT, additionalItems=TEXT),
    ),
    (
        "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        items(TEXT, additionalItems=TEXT),
        items(TEXT, NUMBER, additionalItems=TEXT),
    ),
    ("ENUM_ARRAY_EXTENDED", {"enum": [1, 2]}, {"enum": [3, 2, 1.0]}),
    ("ENUM_ARRAY_NARROWED", {"enum": [1, True]}, {"enum": [1]}),
    ("ENUM_ARRAY_CHANGED", {"const": 1}, {"const": True}),
    ("COMBINED_TYPE_EXTENDED", {"oneOf": [TEXT, NUMBER]}, {"anyOf": [TEXT, NUMBER]}),
    ("COMBINED_TYPE_CHANGED", {"anyOf": [TEXT, NUMBER]}, {"oneOf": [TEXT, NUMBER]}),
    ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", {"oneOf": [TEXT, NUMBER]}, {"oneOf": [TEXT, OBJECT]}),
    ("PRODUCT_TYPE_EXTENDED", {"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 3}]}),
    ("PRODUCT_TYPE_NARROWED", {"allOf": [TEXT, {"maxLength": 3}]}, TEXT),
    ("SUM_TYPE_EXTENDED", TEXT, {"type": ["string", "null"]}),
    ("SUM_TYPE_NARROWED", {"type": ["string", "null", "object"]}, {"type": ["string", "null"]}),
    ("NOT_TYPE_NARROWED", {"not": NUMBER}, {"not": {"type": "integer"}}),
    ("NOT_TYPE_EXTENDED", {"not": {"type": "integer"}}, {"not": NUMBER}),
]


def differences(before: Json, after: Json, policy: Policy = Policy.STRICT) -> list[Difference]:
    return compare(read(before).root, read(after).root, policy)


@pytest.mark.parametrize(("rule", "before", "after"), CASES, ids=[rule for rule, _, _ in CASES])
def test_a_difference_is_told_by_its_name_and_breaks_as_its_rule_says(rule: str, before: Json, after: Json) -> None:
    found = differences(before, after)

    assert rule in {one.rule.id for one in found}
    for policy in Policy:
        refusals = {one.rule.id for one in differences(before, after, policy) if one.rule.breaks(policy)}
        assert (rule in refusals) == RULES[rule].breaks(policy)
        assert bool(refusals) == RULES[rule].breaks(policy) or rule in _BESIDE_OTHERS


_BESIDE_OTHERS = {
    "NOT_TYPE_NARROWED",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
}
"""Differences that come with others: what is not covered is told with why."""


def test_every_rule_has_its_case() -> None:
    by_metadata = {"RESERVED_PROPERTY_REMOVED", "RESERVED_PROPERTY_CONFLICTS_WITH_PROPERTY"}

    assert {rule for rule, _, _ in CASES} == RULES.keys() - by_metadata


@pytest.mark.parametrize("schema", [before for _, before, _ in CASES])
def test_a_schema_may_follow_itself(schema: Json) -> None:
    assert differences(schema, schema) == []


def test_lenient_lets_pass_what_writers_do_not_send_by_themselves() -> None:
    lenient = {rule.id for rule in RULES.values() if rule.verdict is Verdict.SAFE_IF_LENIENT}

    assert "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL" in lenient
    assert "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL" not in lenient
