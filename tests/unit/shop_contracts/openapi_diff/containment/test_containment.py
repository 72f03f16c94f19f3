"""Containment: what is called safe is safe, what is called broken breaks. The judge is a validator of its own."""

from __future__ import annotations

import pytest
from fakes.openapi import Json, compared, request, response
from fakes.schema_pairs import Pairs
from jsonschema import Draft202012Validator
from shop_contracts.openapi_diff import Report

PAIRS = 1_000
"""As many in each direction; `just search-counter-examples` tries any number."""
INSTANCES = 20
TEXT: Json = {"type": "string"}


def is_called_safe(report: Report) -> bool:
    return report.findings == ()


@pytest.mark.parametrize("seed", range(4))
def test_no_request_that_was_fine_is_refused_by_what_is_called_safe(seed: int) -> None:
    pairs = Pairs(seed)
    for _ in range(PAIRS // 4):
        old, new = pairs.pair()
        if not is_called_safe(compared(request(old), request(new))):
            continue
        was, now = Draft202012Validator(old), Draft202012Validator(new)

        refused = [one for one in pairs.instances(old, INSTANCES) if was.is_valid(one) and not now.is_valid(one)]

        assert refused == [], (old, new)


@pytest.mark.parametrize("seed", range(4, 8))
def test_no_answer_surprises_a_client_of_what_is_called_safe(seed: int) -> None:
    pairs = Pairs(seed)
    for _ in range(PAIRS // 4):
        old, new = pairs.pair()
        if not is_called_safe(compared(response(old), response(new))):
            continue
        was, now = Draft202012Validator(old), Draft202012Validator(new)

        surprising = [one for one in pairs.instances(new, INSTANCES) if now.is_valid(one) and not was.is_valid(one)]

        assert surprising == [], (old, new)


CLOSED: Json = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}
ITEM: Json = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
CARD: Json = {"type": "object", "properties": {"kind": {"const": "card"}, "number": TEXT}, "required": ["kind", "number"]}
BANK: Json = {"type": "object", "properties": {"kind": {"const": "bank"}, "iban": TEXT}, "required": ["kind", "iban"]}


def secret(**words: bool) -> Json:
    return {"type": "object", "properties": {"id": TEXT | words}, "required": ["id"]}


BREAKS_REQUESTS: dict[str, tuple[Json, Json]] = {
    "a date becomes a moment": (TEXT | {"format": "date"}, TEXT | {"format": "date-time"}),
    "a required property was read-only": (secret(readOnly=True), secret()),
    "another constant besides, through allOf": ({"const": "a"}, {"allOf": [{"const": "a"}, {"const": "b"}]}),
    "branch lists meet in allOf": (
        {"anyOf": [TEXT, {"type": "integer"}]},
        {"allOf": [{"anyOf": [TEXT, {"type": "integer"}]}, {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}]},
    ),
    "whole numbers get a range by their format": ({"type": "integer"}, {"type": "integer", "format": "int32"}),
    "a branch asks for more": ({"oneOf": [CARD, BANK]}, {"oneOf": [CARD, BANK | {"required": ["kind", "iban", "bic"]}]}),
}
BREAKS_RESPONSES: dict[str, tuple[Json, Json]] = {
    "a moment becomes a date": (TEXT | {"format": "date-time"}, TEXT | {"format": "date"}),
    "a property more where there were no others": (
        CLOSED,
        CLOSED | {"properties": {"a": TEXT, "b": TEXT}},
    ),
    "a required property is only written": (secret(), secret(writeOnly=True)),
}
SAFE_REQUESTS: dict[str, tuple[Json, Json]] = {
    "nothing is said in words": ({}, {"description": "anything"}),
    "a list of types becomes a choice": ({"type": ["string", "integer"]}, {"anyOf": [TEXT, {"type": "integer"}]}),
    "a list of one value becomes a constant": ({"enum": ["a"]}, {"const": "a"}),
    "a choice of one is written plainly": ({"oneOf": [ITEM]}, ITEM),
    "exactly one becomes at least one": ({"oneOf": [CARD, BANK]}, {"anyOf": [CARD, BANK]}),
    "both booleans are listed": ({"type": "boolean"}, {"type": "boolean", "enum": [True, False]}),
    "integers in steps of one": ({"type": "integer"}, {"type": "integer", "multipleOf": 1}),
    "a length of numbers": ({"type": "integer"}, {"type": "integer", "maxLength": 3}),
    "at least one is written as exactly one of what excludes each other": ({"anyOf": [CARD, BANK]}, {"oneOf": [CARD, BANK]}),
    "a choice by a discriminator gets its branches": (
        {"type": "object", "properties": {"kind": {"enum": ["card", "bank"]}, "number": TEXT}, "required": ["kind", "number"]},
        {"oneOf": [CARD, {"type": "object", "properties": {"kind": {"const": "bank"}, "number": TEXT}, "required": ["kind"]}]},
    ),
}


@pytest.mark.parametrize("name", BREAKS_REQUESTS)
def test_a_request_that_was_fine_is_refused(name: str) -> None:
    old, new = BREAKS_REQUESTS[name]

    assert not compared(request(old), request(new)).compatible


@pytest.mark.parametrize("name", BREAKS_RESPONSES)
def test_an_answer_is_more_than_clients_expect(name: str) -> None:
    old, new = BREAKS_RESPONSES[name]

    assert not compared(response(old), response(new)).compatible


@pytest.mark.parametrize("name", SAFE_REQUESTS)
def test_the_same_said_otherwise_is_no_finding(name: str) -> None:
    old, new = SAFE_REQUESTS[name]

    assert compared(request(old), request(new)).findings == ()


def test_null_is_refused_where_nullable_is_left_over_in_3_1() -> None:
    schema: Json = {"type": "string", "nullable": True}

    assert not compared(request(schema, version="3.0.3"), request(schema, version="3.1.0")).compatible


def test_what_cannot_be_decided_is_said_to_be_so() -> None:
    report = compared(request({"$dynamicRef": "#one"}), request({"$dynamicRef": "#other"}))

    assert [finding.id for finding in report.findings] == ["request-body-not-proved-safe"]


def test_a_counter_example_is_told() -> None:
    report = compared(request({"type": "array"}), request({"type": "array", "prefixItems": [TEXT], "minItems": 0}))

    (broken,) = report.breaking
    assert broken.message.startswith("Clients of the old version may send `[null]`")


def test_schemas_that_contain_themselves_are_decided() -> None:
    def tree(value: Json) -> Json:
        node = {
            "type": "object",
            "properties": {"value": value, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
        }
        return request({"$ref": "#/components/schemas/Node"}, components={"schemas": {"Node": node}})

    assert compared(tree(TEXT), tree({"type": ["string", "integer"]})).compatible
    assert not compared(tree({"type": ["string", "integer"]}), tree(TEXT)).compatible
