"""Metadata, rules and the number a schema carries: where they come from, and what they may be."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.registry_client import BROKEN, LONGER, ORDER, error_of, protobuf, register, registered
from starlette.testclient import TestClient

RULE = {"name": "checkId", "type": "CEL", "mode": "WRITE", "kind": "CONDITION", "expr": "size(message.id) > 0"}
KEPT_RULE = {**RULE, "disabled": False}
OWNED = {"properties": {"owner": "shop"}}


def version(registry: TestClient, subject: str, number: int | str = "latest") -> Any:
    return registry.get(f"/subjects/{subject}/versions/{number}").json()


def test_metadata_and_rules_are_taken_over_from_the_version_before(registry: TestClient) -> None:
    register(registry, "orders", ORDER, metadata=OWNED, ruleSet={"domainRules": [RULE]})

    register(registry, "orders", LONGER)

    assert version(registry, "orders", 2)["metadata"] == OWNED
    assert version(registry, "orders", 2)["ruleSet"] == {"domainRules": [KEPT_RULE]}


def test_what_a_registration_names_itself_stands_instead(registry: TestClient) -> None:
    register(registry, "orders", ORDER, metadata=OWNED, ruleSet={"domainRules": [RULE]})

    register(registry, "orders", LONGER, metadata={"properties": {"team": "eu"}}, ruleSet={})

    assert version(registry, "orders", 2)["metadata"] == {"properties": {"team": "eu"}}
    assert version(registry, "orders", 2)["ruleSet"] == {}


def test_a_schema_is_found_again_without_the_metadata_it_got_from_the_version_before(registry: TestClient) -> None:
    register(registry, "orders", ORDER, metadata=OWNED)
    register(registry, "orders", LONGER)

    assert register(registry, "orders", LONGER)["version"] == 2
    assert registry.post("/subjects/orders", json=protobuf(LONGER)).json()["version"] == 2
    assert registry.post("/subjects/orders", json=protobuf(LONGER, metadata=OWNED)).json()["version"] == 2


def test_metadata_alone_makes_a_version_of_the_schema_before(registry: TestClient) -> None:
    first = register(registry, "orders", ORDER)

    second = registered(registry, "orders", {"metadata": OWNED})

    assert (second["version"], second["id"] != first["id"]) == (2, True)
    assert version(registry, "orders", 2) | {"guid": ""} == {
        "subject": "orders",
        "version": 2,
        "id": second["id"],
        "guid": "",
        "schemaType": "PROTOBUF",
        "schema": ORDER,
        "metadata": OWNED,
    }
    assert error_of(registry.post("/subjects/other/versions", json={"metadata": OWNED})) == (422, 42201)


def test_an_explicit_version_is_kept_in_the_metadata_and_counts_on(registry: TestClient) -> None:
    registered(registry, "orders", protobuf(ORDER, version=1))
    register(registry, "orders", LONGER)

    assert version(registry, "orders", 1)["metadata"] == {"properties": {"confluent:version": "1"}}
    assert version(registry, "orders", 2)["metadata"] == {"properties": {"confluent:version": "2"}}


def test_the_number_does_not_make_another_schema(registry: TestClient) -> None:
    registered(registry, "orders", protobuf(ORDER, version=1))

    assert register(registry, "orders", ORDER)["version"] == 1
    assert registry.post("/subjects/orders", json=protobuf(ORDER)).json()["version"] == 1
    carried = {"properties": {"confluent:version": "1"}}
    assert registry.post("/subjects/orders", json=protobuf(ORDER, metadata=carried)).json()["version"] == 1


def test_a_number_that_is_not_the_versions_own_finds_nothing(registry: TestClient) -> None:
    register(registry, "orders", ORDER)

    right, wrong = ({"properties": {"confluent:version": number}} for number in ("1", "2"))

    assert registry.post("/subjects/orders", json=protobuf(ORDER, metadata=right)).json()["version"] == 1
    assert error_of(registry.post("/subjects/orders", json=protobuf(ORDER, metadata=wrong))) == (404, 40403)


def test_an_explicit_version_has_to_be_the_next(registry: TestClient) -> None:
    register(registry, "orders", ORDER)

    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(LONGER, version=3))) == (422, 42201)
    assert registered(registry, "orders", protobuf(LONGER, version=-1))["version"] == 2
    assert registered(registry, "orders", protobuf(LONGER, version=-1))["version"] == 2


def test_what_is_imported_gets_no_metadata_of_others(registry: TestClient) -> None:
    registry.put("/mode/orders", json={"mode": "IMPORT"})
    register(registry, "orders", ORDER, id=10, version=1, metadata=OWNED)

    register(registry, "orders", LONGER, id=11, version=2)

    assert "metadata" not in version(registry, "orders", 2)


def test_one_schema_may_be_imported_under_two_numbers(registry: TestClient) -> None:
    registry.put("/mode/orders", json={"mode": "IMPORT"})

    for number in (1, 2, 1, 2):
        answer = register(registry, "orders", ORDER, id=10, version=number)
        assert (answer["id"], answer["version"]) == (10, number)

    assert registry.get("/subjects/orders/versions").json() == [1, 2]


def test_config_frames_what_a_schema_brings_and_is_merged_rule_by_rule(registry: TestClient) -> None:
    by_default = {"name": "checkId", "type": "CEL", "mode": "READ"}
    always = {"name": "encrypt", "type": "ENCRYPT", "mode": "WRITEREAD"}
    registry.put(
        "/config/orders", json={"defaultRuleSet": {"domainRules": [by_default]}, "overrideRuleSet": {"domainRules": [always]}}
    )

    register(registry, "orders", ORDER, ruleSet={"domainRules": [RULE]})

    kept_always = {**always, "kind": "TRANSFORM", "disabled": False}
    assert version(registry, "orders")["ruleSet"] == {"domainRules": [KEPT_RULE, kept_always]}


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"domainRules": [{"type": "CEL"}]}, "Missing rule name"),
        ({"domainRules": [{**RULE, "name": ""}]}, "Empty rule name"),
        ({"domainRules": [{**RULE, "name": "x" * 257}]}, "too long"),
        ({"domainRules": [{**RULE, "name": "1st"}]}, "initial character"),
        ({"domainRules": [{**RULE, "name": "a b"}]}, "Illegal character"),
        ({"domainRules": [{"name": "a", "mode": "WRITE"}]}, "Missing rule type"),
        ({"domainRules": [RULE, RULE]}, "duplicate name"),
        ({"domainRules": [RULE], "encodingRules": [RULE]}, "duplicate name"),
        ({"domainRules": [{**RULE, "mode": "UPGRADE"}]}, "Domain rules can only be WRITE"),
        ({"encodingRules": [{**RULE, "mode": "UPGRADE"}]}, "Encoding rules can only be WRITE"),
        ({"migrationRules": [RULE]}, "Migration rules can only be UPGRADE"),
        ({"domainRules": [{**RULE, "onFailure": "DLQ,NONE"}]}, "Multiple actions"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_registrations_and_in_the_config(
    registry: TestClient, rules: dict[str, Any], why: str
) -> None:
    answers = [
        registry.post("/subjects/orders/versions", json=protobuf(ORDER, ruleSet=rules)),
        registry.put("/config/orders", json={"defaultRuleSet": rules}),
        registry.put("/config", json={"overrideRuleSet": rules}),
    ]

    assert [error_of(answer) for answer in answers] == [(422, 42210)] * 3
    assert all(why in answer.json()["message"] for answer in answers)


@pytest.mark.parametrize(
    "more",
    [
        {"ruleSet": {"domainRules": [5]}},
        {"ruleSet": {"domainRules": [{**RULE, "mode": "SOMETIMES"}]}},
        {"metadata": 5},
        {"metadata": {"properties": 5}},
        {"metadata": {"properties": {"owner": 5}}},
        {"metadata": {"tags": {"a": "b"}}},
        {"metadata": {"sensitive": {"a": "b"}}},
    ],
)
def test_metadata_and_rules_of_the_wrong_kind_are_refused(registry: TestClient, more: dict[str, Any]) -> None:
    for path in ("/subjects/orders/versions", "/subjects/orders", "/compatibility/subjects/orders/versions"):
        assert error_of(registry.post(path, json=protobuf(ORDER, **more))) == (400, 400)


def test_a_readonly_subject_still_answers_what_it_has(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    registry.put("/mode/orders", json={"mode": "READONLY"})

    assert register(registry, "orders", ORDER)["version"] == 1
    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(BROKEN))) == (422, 42205)
