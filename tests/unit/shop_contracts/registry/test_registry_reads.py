"""What is found, under which name, and in which form it is answered."""

from __future__ import annotations

import json

import pytest
from fakes.registry_client import BROKEN, LONGER, ORDER, avro, error_of, protobuf, register, registered
from starlette.testclient import TestClient

PAID = 'syntax = "proto3"; import "o.proto"; message P { shop.Order o = 1; }'
TO_BASE = [{"name": "o.proto", "subject": "base", "version": 1}]


def test_a_subject_that_is_in_another_context_only_is_found_there(registry: TestClient) -> None:
    register(registry, ":.eu:orders", ORDER)

    assert registry.get("/subjects/orders/versions/1").json()["subject"] == ":.eu:orders"
    assert registry.get("/subjects/orders/versions/latest").json()["subject"] == ":.eu:orders"
    assert registry.get("/subjects/orders/versions/1/schema").text == ORDER
    assert registry.post("/subjects/orders", json=protobuf(ORDER)).json()["subject"] == ":.eu:orders"
    assert error_of(registry.get("/subjects/orders/versions/2")) == (404, 40401)
    assert error_of(registry.get("/subjects/:.us:orders/versions/1")) == (404, 40401)
    assert error_of(registry.get("/subjects/orders/versions")) == (404, 40401)


def test_the_default_context_comes_first(registry: TestClient) -> None:
    register(registry, ":.eu:orders", ORDER)
    register(registry, "orders", LONGER)

    assert registry.get("/subjects/orders/versions/1").json()["subject"] == "orders"
    assert registry.post("/subjects/orders", json=protobuf(ORDER)).json()["subject"] == ":.eu:orders"


def test_an_id_is_looked_for_in_the_context_its_subject_is_in(registry: TestClient) -> None:
    register(registry, "payments", LONGER)
    register(registry, ":.eu:orders", ORDER)

    assert registry.get("/schemas/ids/1").json()["schema"] == LONGER
    found = registry.get("/schemas/ids/1?subject=orders").json()
    assert (found["schema"], found["subject"], found["version"]) == (ORDER, ":.eu:orders", 1)
    assert registry.get("/schemas/ids/1?subject=unknown").json()["schema"] == LONGER
    assert error_of(registry.get("/schemas/ids/1?subject=:.eu:payments")) == (404, 40403)


def test_a_schema_by_id_names_subject_and_version_when_a_subject_is_named(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    register(registry, "other", ORDER)

    by_itself, named = (registry.get(f"/schemas/ids/1{query}").json() for query in ("", "?subject=other"))

    assert "subject" not in by_itself
    assert (named["subject"], named["version"]) == ("other", 1)


def test_all_versions_of_an_id_are_listed_whichever_subject_is_named(registry: TestClient) -> None:
    for subject in ("orders", "other"):
        register(registry, subject, ORDER)

    assert registry.get("/schemas/ids/1/subjects?subject=orders").json() == ["orders", "other"]
    assert len(registry.get("/schemas/ids/1/versions?subject=orders").json()) == 2


def test_deleted_versions_are_listed_as_negative_numbers(registry: TestClient) -> None:
    registry.put("/config/orders", json={"compatibility": "NONE"})
    for schema in (ORDER, LONGER, BROKEN):
        register(registry, "orders", schema)
    registry.delete("/subjects/orders/versions/2")

    assert registry.get("/subjects/orders/versions?deletedAsNegative=true").json() == [1, -2, 3]
    assert registry.get("/subjects/orders/versions?deletedAsNegative=true&deletedOnly=true").json() == [1, -2, 3]


def test_references_are_qualified_when_asked(registry: TestClient) -> None:
    register(registry, ":.eu:base", ORDER)
    made = register(registry, ":.eu:paid", PAID, references=TO_BASE)

    for path in ("/subjects/:.eu:paid/versions/1", f"/contexts/.eu/schemas/ids/{made['id']}"):
        asked = f"{path}?referenceFormat=qualified"
        assert registry.get(path).json()["references"][0]["subject"] == "base"
        assert registry.get(asked).json()["references"][0]["subject"] == ":.eu:base"


def test_schemas_are_listed_by_the_type_of_their_rules(registry: TestClient) -> None:
    register(registry, "orders", ORDER, ruleSet={"domainRules": [{"name": "a", "type": "CEL"}]})
    register(registry, "other", ORDER, ruleSet={"encodingRules": [{"name": "a", "type": "ENCRYPT"}]})
    register(registry, "third", ORDER)

    assert [each["subject"] for each in registry.get("/schemas?ruleType=CEL").json()] == ["orders"]
    assert [each["subject"] for each in registry.get("/schemas?ruleType=ENCRYPT").json()] == ["other"]


def test_an_alias_stands_for_its_subject(registry: TestClient) -> None:
    made = register(registry, "orders", ORDER)
    registry.put("/config/bestellungen", json={"alias": "orders"})

    assert registry.get("/subjects/bestellungen/versions/1").json()["subject"] == "orders"
    assert register(registry, "bestellungen", LONGER)["version"] == 2
    assert registry.get(f"/schemas/ids/{made['id']}?subject=bestellungen").json()["subject"] == "orders"
    path = "/compatibility/subjects/bestellungen/versions"
    assert registry.post(path, json=protobuf(BROKEN)).json() == {"is_compatible": False}
    assert registry.get("/config/bestellungen").json()["alias"] == "orders"
    assert registry.get("/subjects").json() == ["orders"]


def test_an_alias_is_looked_for_in_its_own_context(registry: TestClient) -> None:
    register(registry, ":.eu:orders", ORDER)
    registry.put("/config/:.eu:bestellungen", json={"alias": "orders"})

    assert registry.get("/subjects/:.eu:bestellungen/versions/1").json()["subject"] == ":.eu:orders"
    assert registry.get("/contexts/.eu/subjects/bestellungen/versions/1").json()["subject"] == ":.eu:orders"


def test_schemas_are_listed_with_their_aliases(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    register(registry, "payments", ORDER)
    registry.put("/config/bestellungen", json={"alias": "orders"})

    listed = registry.get("/schemas?aliases=true").json()

    assert [(each["subject"], each.get("aliases")) for each in listed] == [("orders", ["bestellungen"]), ("payments", None)]
    assert [each["subject"] for each in registry.get("/schemas?aliases=true&subjectPrefix=best").json()] == ["orders"]
    assert registry.get("/schemas?subjectPrefix=best").json() == []


def test_protobuf_is_answered_without_extensions_when_asked(registry: TestClient) -> None:
    text = (
        'syntax = "proto3"; import "google/protobuf/descriptor.proto"; import "confluent/meta.proto";'
        "extend google.protobuf.FieldOptions { string owner = 50001; }"
        'message A { string id = 1 [(owner) = "shop", (confluent.field_meta).tags = "PII", deprecated = true]; }'
    )
    made = register(registry, "a", text)

    answered = registry.get(f"/schemas/ids/{made['id']}?format=ignore_extensions").json()["schema"]

    assert "owner" not in answered
    assert "extend " not in answered
    assert "PII" in answered
    assert "deprecated = true" in answered
    assert registry.get(f"/schemas/ids/{made['id']}?format=unheard_of").json()["schema"] == text


def test_avro_is_answered_with_its_references_in_it_when_asked(registry: TestClient) -> None:
    code = {"type": "fixed", "name": "Code", "namespace": "shop", "size": 2}
    registered(registry, "code", {"schema": json.dumps(code)})
    fields = ({"name": "code", "type": "Code"}, {"name": "other", "type": ["null", "shop.Code"]})
    body = avro(*fields, references=[{"name": "shop.Code", "subject": "code", "version": 1}])
    made = registered(registry, "a", body)

    answered = json.loads(registry.get(f"/schemas/ids/{made['id']}?format=resolved").json()["schema"])

    assert answered["fields"][0]["type"] == code
    assert answered["fields"][1]["type"] == ["null", "shop.Code"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"])
def test_a_body_of_another_media_type_is_refused(registry: TestClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    sent = json.dumps(protobuf(ORDER))
    for method, path in (("POST", "/subjects/a/versions"), ("POST", "/subjects/a"), ("PUT", "/config"), ("PUT", "/mode")):
        assert error_of(registry.request(method, path, content=sent, headers=headers)) == (415, 415)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.schemaregistry.v1+json",
        "application/vnd.schemaregistry+json; qs=0.9",
        "Application/JSON; charset=utf-8",
        "application/octet-stream",
        None,
    ],
)
def test_a_body_of_one_of_the_apis_media_types_is_read(registry: TestClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    sent = json.dumps(protobuf(ORDER))

    assert registry.post("/subjects/a/versions", content=sent, headers=headers).status_code == 200
