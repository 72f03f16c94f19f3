"""Tags inside schemas: found, added, removed and handed on, in all three languages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes.registry_client import ORDER, avro, error_of, protobuf, register, registered
from starlette.testclient import TestClient

PERSON = {
    "type": "record",
    "name": "Person",
    "confluent:tags": ["PRIVATE"],
    "fields": [{"name": "mail", "type": "string", "confluent:tags": ["PII", "MAIL"]}],
}
AVRO = avro({"name": "id", "type": "string"}, {"name": "buyer", "type": ["null", PERSON]})
JSON = {
    "schemaType": "JSON",
    "schema": json.dumps(
        {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "buyer": {
                    "type": "object",
                    "confluent:tags": ["PRIVATE"],
                    "properties": {"mail": {"type": "string", "confluent:tags": ["PII", "MAIL"]}},
                },
                "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"confluent:tags": ["SKU"]}}}},
                "paid": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"by": {"confluent:tags": ["PII"]}}}]},
            },
        }
    ),
}
PROTOBUF = protobuf(
    'syntax = "proto3"; package shop; import "confluent/meta.proto";'
    "message Order { string id = 1; Person buyer = 2;"
    '  message Person { option (confluent.message_meta).tags = "PRIVATE";'
    '    string mail = 1 [(confluent.field_meta) = {tags: ["PII", "MAIL"]}]; } }'
)
FOUND = {
    "avro": [("shop.Person", "sr_record", ["PRIVATE"]), ("shop.Person.mail", "sr_field", ["PII", "MAIL"])],
    "json": [
        ("object.buyer", "sr_field", ["PRIVATE"]),
        ("object.buyer.object.mail", "sr_field", ["PII", "MAIL"]),
        ("object.lines.array.object.sku", "sr_field", ["SKU"]),
        ("object.paid.oneof.1.object.by", "sr_field", ["PII"]),
    ],
    "protobuf": [("Order.Person", "sr_record", ["PRIVATE"]), ("Order.Person.mail", "sr_field", ["PII", "MAIL"])],
}
BODIES = {"avro": AVRO, "json": JSON, "protobuf": PROTOBUF}
ID = {"avro": "shop.Order.id", "json": "object.id", "protobuf": "Order.id"}
MAIL = {"avro": "shop.Person.mail", "json": "object.buyer.object.mail", "protobuf": "Order.Person.mail"}
LANGUAGES = pytest.mark.parametrize("language", ["avro", "json", "protobuf"])


def entity(path: str, kind: str = "sr_field") -> dict[str, str]:
    return {"entityPath": path, "entityType": kind}


def tagging(path: str, *tags: str, kind: str = "sr_field") -> dict[str, Any]:
    return {"schemaEntity": entity(path, kind), "tags": list(tags)}


def tags_of(registry: TestClient, version: int | str, wanted: str = "*") -> list[tuple[str, str, list[str]]]:
    found = registry.get(f"/subjects/a/versions/{version}?findTags={wanted}").json()["schemaTags"]
    return [(each["schemaEntity"]["entityPath"], each["schemaEntity"]["entityType"], each["tags"]) for each in found]


@LANGUAGES
def test_tags_are_found_where_they_stand(registry: TestClient, language: str) -> None:
    made = registered(registry, "a", BODIES[language])

    assert tags_of(registry, 1) == FOUND[language]
    assert tags_of(registry, 1, "MAIL") == [each for each in FOUND[language] if "MAIL" in each[2]]
    assert tags_of(registry, 1, "NOTHING") == []
    by_id = registry.get(f"/schemas/ids/{made['id']}?findTags=PII&findTags=SKU").json()["schemaTags"]
    assert len(by_id) == (3 if language == "json" else 1)
    assert "schemaTags" not in registry.get("/subjects/a/versions/1").json()


@LANGUAGES
def test_tags_of_a_version_are_changed_in_a_new_one(registry: TestClient, language: str) -> None:
    registry.put("/config/a", json={"compatibility": "NONE"})
    registered(registry, "a", BODIES[language])

    body = {"tagsToAdd": [tagging(f".{ID[language]}", "KEY")], "tagsToRemove": [tagging(MAIL[language], "PII")]}
    answer = registry.post("/subjects/a/versions/latest/tags", json=body)

    assert answer.json()["version"] == 2, answer.text
    changed = {path: tags for path, _, tags in tags_of(registry, 2)}
    assert changed[ID[language]] == ["KEY"]
    assert changed[MAIL[language]] == ["MAIL"]
    assert registry.get("/subjects/a/versions/2").json()["metadata"] == {"properties": {"confluent:version": "2"}}
    assert tags_of(registry, 1) == FOUND[language]


def test_a_protobuf_schema_gets_its_first_tag(registry: TestClient) -> None:
    register(registry, "a", ORDER)

    registry.post("/subjects/a/versions/1/tags", json={"tagsToAdd": [tagging("Order", "PRIVATE", kind="sr_record")]})

    assert tags_of(registry, 2) == [("Order", "sr_record", ["PRIVATE"])]
    assert 'import "confluent/meta.proto";' in registry.get("/subjects/a/versions/2").json()["schema"]


@LANGUAGES
def test_tags_on_what_is_not_there_are_refused(registry: TestClient, language: str) -> None:
    registered(registry, "a", BODIES[language])

    answer = registry.post("/subjects/a/versions/1/tags", json={"tagsToAdd": [tagging("no.such", "KEY")]})

    assert error_of(answer) == (422, 42201)
    assert "no.such" in answer.json()["message"]


@LANGUAGES
def test_a_registration_changes_tags_on_its_way(registry: TestClient, language: str) -> None:
    answer = registered(registry, "a", BODIES[language] | {"schemaTagsToAdd": [tagging(ID[language], "KEY")]})

    assert answer["version"] == 1
    assert (ID[language], "sr_field", ["KEY"]) in tags_of(registry, 1)
    assert registry.get("/subjects/a/versions/1").json()["metadata"] == {"properties": {"confluent:version": "1"}}


def test_tags_of_the_version_before_are_handed_on_when_asked(registry: TestClient) -> None:
    registered(registry, "a", AVRO)
    plain = json.loads(AVRO["schema"])
    person = plain["fields"][1]["type"][1]
    del person["confluent:tags"], person["fields"][0]["confluent:tags"]
    plain["fields"].append({"name": "note", "type": "string", "default": ""})

    without = registered(registry, "b", {"schema": json.dumps(plain)})
    handed_on = registered(registry, "a", {"schema": json.dumps(plain), "propagateSchemaTags": True})

    assert handed_on["id"] != without["id"]
    assert tags_of(registry, 2) == FOUND["avro"]


def test_metadata_and_rules_are_changed_with_the_tags(registry: TestClient) -> None:
    rule, other = {"name": "a", "type": "CEL"}, {"name": "b", "type": "CEL"}
    register(registry, "a", ORDER, metadata={"properties": {"owner": "shop"}}, ruleSet={"domainRules": [rule]})

    body = {
        "newVersion": 2,
        "metadata": {"properties": {"owner": "eu"}},
        "rulesToMerge": {"domainRules": [other]},
        "rulesToRemove": ["a"],
    }
    registry.post("/subjects/a/versions/1/tags", json=body)

    made = registry.get("/subjects/a/versions/2").json()
    assert made["metadata"] == {"properties": {"owner": "eu", "confluent:version": "2"}}
    assert [each["name"] for each in made["ruleSet"]["domainRules"]] == ["b"]
    both = {"ruleSet": {"domainRules": [rule]}, "rulesToRemove": ["a"]}
    assert error_of(registry.post("/subjects/a/versions/1/tags", json=both)) == (422, 42210)
    assert error_of(registry.post("/subjects/other/versions/1/tags", json={})) == (404, 40401)
    assert error_of(registry.post("/subjects/a/versions/9/tags", json={})) == (404, 40402)
