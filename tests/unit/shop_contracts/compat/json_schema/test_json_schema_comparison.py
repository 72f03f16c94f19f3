"""References, circles, branches and proofs of the comparison of JSON Schemas. The judge of documents is jsonschema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.compat.json_schema.compare import compare
from shop_contracts.compat.json_schema.judge import JsonVersion, judge
from shop_contracts.compat.json_schema.reading import InvalidJsonSchema, read
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Report

Json = Any
TEXT = {"type": "string"}
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def ids(before: Json, after: Json) -> list[str]:
    return [one.rule.id for one in compare(read(before).root, read(after).root)]


def version(schema: Json, number: int | None = None, reserved: str = "") -> JsonVersion:
    return JsonVersion(number, json.dumps(schema), read(schema), {"confluent:reserved": reserved})


def judged(before: Json, after: Json, level: Level = Level.BACKWARD, **more: Any) -> Report:
    return judge([version(before, 1)], version(after), level=level, **more)


@pytest.mark.parametrize(
    "uri",
    [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        DRAFT_2020,
    ],
)
def test_every_draft_is_validated_and_resolves_what_it_defines(uri: str) -> None:
    defined = {"$schema": uri, "definitions": {"id": TEXT}, "properties": {"id": {"$ref": "#/definitions/id"}}}

    assert ids(defined, {"$schema": uri, "properties": {"id": TEXT}}) == []
    assert ids(defined, {"$schema": uri, "properties": {"id": {"type": "number"}}}) == ["TYPE_CHANGED"]
    with pytest.raises(InvalidJsonSchema, match="#/properties/id/maxLength"):
        read({"$schema": uri, "properties": {"id": {"maxLength": "3"}}})


def test_a_reference_to_a_reference_is_followed_to_its_end() -> None:
    def order(kind: str) -> Json:
        return {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": kind}}}

    assert ids(order("string"), order("string")) == []
    assert ids(order("string"), order("number")) == ["TYPE_CHANGED"]
    assert ids(order("string"), TEXT) == []


def test_a_reference_that_leads_in_a_circle_says_nothing() -> None:
    assert ids({"$ref": "#"}, {"$ref": "#"}) == []


def test_other_schemas_are_found_by_name_and_relative_to_the_id() -> None:
    money = {"$id": "https://shop.test/money.json", "definitions": {"amount": {"type": "integer"}}}
    order = {"$id": "https://shop.test/order.json", "properties": {"sum": {"$ref": "money.json#/$defs/amount"}}}

    found = read(order, {"money.json": money})

    assert [one.rule.id for one in compare(found.root, read({"properties": {"sum": TEXT}}).root)] == ["TYPE_CHANGED", "ID_CHANGED"]
    assert found.validator().is_valid({"sum": 1})
    assert not found.validator().is_valid({"sum": "1"})


def test_in_older_drafts_what_stands_beside_a_reference_does_not_count() -> None:
    old = {"definitions": {"a": TEXT}, "$ref": "#/definitions/a", "maxLength": 3}
    new = {**old, "maxLength": 1}

    assert ids(old, new) == []
    assert "MAX_LENGTH_DECREASED" not in ids(old, new)
    modern = [{"$schema": DRAFT_2020, **one} for one in (old, new)]
    assert ids(*modern) == ["COMBINED_TYPE_SUBSCHEMAS_CHANGED"]


def test_an_exclusive_limit_of_draft_4_is_a_limit() -> None:
    draft_4 = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "maximum": 3}

    assert ids(draft_4, {**draft_4, "exclusiveMaximum": True}) == ["EXCLUSIVE_MAXIMUM_ADDED"]


def test_branches_are_paired_however_they_are_ordered() -> None:
    short, long = {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 5}

    assert ids({"oneOf": [short, long]}, {"oneOf": [long, short]}) == []
    assert "COMBINED_TYPE_SUBSCHEMAS_CHANGED" in ids({"oneOf": [short, long]}, {"oneOf": [short, {**short, "title": "S"}]})


def test_hundreds_of_branches_are_paired_with_their_likes() -> None:
    branches = [{"type": "object", "properties": {"kind": {"const": number}}} for number in range(300)]

    assert ids({"oneOf": branches}, {"oneOf": list(reversed(branches))}) == []
    assert ids({"oneOf": branches[1:]}, {"oneOf": branches}) == ["SUM_TYPE_EXTENDED"]
    others = [{"type": "object", "properties": {"kind": {"const": -number}}} for number in range(1, 301)]
    assert [one.id for one in judged({"oneOf": branches}, {"oneOf": others}).breaking] == ["SCHEMA_TOO_COMPLEX"]


def trade(kinds: int, leaf: str) -> Json:
    """Kinds that each refer to all of the others, many times."""
    names = [f"K{at}" for at in range(kinds)]
    union = {"oneOf": [{"$ref": f"#/definitions/{name}"} for name in names]}
    defined = {
        name: {"type": "object", "properties": {"kind": {"const": name}, "a": union, "b": union, "leaf": {"type": leaf}}}
        for name in names
    }
    return {"definitions": defined, "properties": {"trade": union}}


def test_many_kinds_that_refer_to_each_other_are_compared_in_time() -> None:
    assert ids(trade(8, "string"), trade(8, "string")) == []
    assert "COMBINED_TYPE_SUBSCHEMAS_CHANGED" in ids(trade(8, "string"), trade(8, "number"))


def test_a_change_behind_a_circle_is_not_hidden_by_it() -> None:
    def schema(first: str, second: str) -> Json:
        def one(kind: str, to: str) -> Json:
            return {"type": "object", "properties": {"id": {"type": kind}, "to": {"oneOf": [{"$ref": f"#/definitions/{to}"}]}}}

        defined = {"A": one(first, "C"), "B": one(second, "C"), "C": one("integer", "A")}
        return {
            "definitions": defined,
            "properties": {"root": {"oneOf": [{"$ref": "#/definitions/A"}, {"$ref": "#/definitions/B"}]}},
        }

    assert not judged(schema("integer", "boolean"), schema("boolean", "number")).compatible


def test_schemas_that_refer_on_and_on_are_refused_and_end_nothing() -> None:
    chain = {f"d{at}": {"properties": {"next": {"$ref": f"#/definitions/d{at + 1}"}}} for at in range(5_000)}
    endless = {"definitions": {**chain, "d5000": TEXT}, "$ref": "#/definitions/d0"}

    assert [one.id for one in judged(endless, {**endless, "title": "x"}).breaking] == ["SCHEMA_TOO_COMPLEX"]


def test_a_transitive_level_asks_every_version_and_others_the_latest() -> None:
    history = [version({"type": "number"}, 1), version(TEXT, 2)]

    assert judge(history, version(TEXT), level=Level.BACKWARD).compatible
    refused = judge(history, version(TEXT), level=Level.BACKWARD_TRANSITIVE)
    assert [one.against for one in refused.breaking] == [1]


def test_lenient_lets_an_optional_property_be_added_to_an_open_schema() -> None:
    before: Json = {"properties": {}}
    after = {"properties": {"a": TEXT}}

    assert not judged(before, after, policy=Policy.STRICT).compatible
    assert judged(before, after, level=Level.FULL, policy=Policy.LENIENT).compatible


def test_reserved_names_may_neither_be_dropped_nor_used() -> None:
    old, new = version({}, 1, reserved="a,b"), version({"properties": {"a": {}}}, reserved="a")

    messages = judge([old], new, level=Level.NONE, validate_fields=True).messages

    assert any("b was reserved" in line for line in messages)
    assert any("a field a" in line for line in messages)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"properties": {}}, {"properties": {"a": TEXT}}),
        ({"properties": {"a": TEXT}, "additionalProperties": False}, {"properties": {}, "additionalProperties": False}),
        (
            {"properties": {"o": {"properties": {"n": {"type": "number"}}}}},
            {"properties": {"o": {"properties": {"n": {"type": "integer"}}}}},
        ),
        ({"type": "array", "items": [TEXT]}, {"type": "array", "items": [TEXT, TEXT]}),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}),
        ({"oneOf": [TEXT, {"type": "null"}]}, {"oneOf": [TEXT, {"type": "object"}]}),
        (
            {"definitions": {"a": {"type": ["string", "null"]}}, "properties": {"x": {"$ref": "#/definitions/a"}}},
            {"properties": {"x": TEXT}},
        ),
    ],
)
def test_a_refusal_is_shown_on_a_document_that_one_allows_and_the_other_refuses(before: Json, after: Json) -> None:
    finding = judged(before, after, proofs=True).breaking[0]

    assert finding.proof is not None
    document = json.loads(finding.proof.written)
    assert read(before).validator().is_valid(document)
    assert not read(after).validator().is_valid(document)
    assert (finding.proof.writer, finding.proof.reader) == ("old", "new")


# What Confluent's registry compares: `contains`, `propertyNames`, `if` and the schemas of patterns are none of it.
scalars = st.sampled_from(
    [
        {},
        TEXT,
        {"type": "string", "maxLength": 1},
        {"type": "integer"},
        {"type": "number", "minimum": 1},
        {"type": "null"},
        {"enum": ["a", 1]},
        {"const": "a"},
        {"type": ["string", "null"]},
        {"type": "boolean"},
    ]
)
names = st.sampled_from(["x", "y"])


def objects(inside: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda properties, required, rest: {
            "type": "object",
            "properties": properties,
            "required": sorted(required & set(properties)),
            "additionalProperties": rest,
        },
        st.dictionaries(names, inside, max_size=2),
        st.sets(names),
        st.booleans(),
    )


def arrays(inside: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(lambda every, least: {"type": "array", "items": every, "minItems": least}, inside, st.integers(0, 2))


def unions(inside: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(lambda branches: {"anyOf": branches}, st.lists(inside, min_size=1, max_size=3))


schemas = st.recursive(scalars, lambda inside: objects(inside) | arrays(inside) | unions(inside), max_leaves=5)
documents = st.recursive(
    st.sampled_from([None, True, 0, 1, 1.5, "", "a", "ab"]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(names, inside, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(schemas, schemas, st.lists(documents, min_size=10, max_size=10))
def test_no_document_is_refused_by_a_schema_that_may_follow(before: Json, after: Json, tried: list[Json]) -> None:
    if judged(before, after).compatible:
        old, new = read(before).validator(), read(after).validator()
        assert [one for one in tried if old.is_valid(one) and not new.is_valid(one)] == []


@settings(max_examples=80, deadline=None)
@given(schemas, schemas)
def test_forward_is_backward_the_other_way_round(before: Json, after: Json) -> None:
    forward = judged(before, after, Level.FORWARD)
    backward = judged(after, before, Level.BACKWARD)

    assert [one.id for one in forward.breaking] == [one.id for one in backward.breaking]
    assert judged(before, after, Level.FULL).compatible == (forward.compatible and judged(before, after).compatible)
