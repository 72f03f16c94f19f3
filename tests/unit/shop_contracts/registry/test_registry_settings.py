"""Config, mode and contexts: whose settings count, and what they do to what is registered."""

from __future__ import annotations

import pytest
from fakes.registry_client import BROKEN, LONGER, ORDER, error_of, protobuf, register
from starlette.testclient import TestClient


def level_of(registry: TestClient, subject: str) -> str:
    level: str = registry.get(f"/config/{subject}?defaultToGlobal=true").json()["compatibilityLevel"]
    return level


def test_the_registrys_config_does_not_reach_into_another_context(registry: TestClient) -> None:
    registry.put("/config", json={"compatibility": "NONE"})

    assert level_of(registry, "orders") == "NONE"
    assert level_of(registry, ":.eu:orders") == "BACKWARD"


def test_the_registrys_mode_does_not_reach_into_another_context(registry: TestClient) -> None:
    registry.put("/mode", json={"mode": "READONLY"})

    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(ORDER))) == (422, 42205)
    register(registry, ":.eu:orders", ORDER)
    assert registry.get("/mode/:.eu:orders?defaultToGlobal=true").json() == {"mode": "READWRITE"}


def test_the_global_context_reaches_into_every_context_that_says_nothing_itself(registry: TestClient) -> None:
    registry.put("/config/:.__GLOBAL:", json={"compatibility": "FULL"})
    registry.put("/config/:.us:", json={"compatibility": "NONE"})
    registry.put("/mode/:.__GLOBAL:", json={"mode": "READONLY"})

    assert [level_of(registry, subject) for subject in ("orders", ":.eu:orders", ":.us:orders")] == ["FULL", "FULL", "NONE"]
    assert error_of(registry.post("/subjects/:.eu:orders/versions", json=protobuf(ORDER))) == (422, 42205)


def test_a_subjects_config_stands_alone_beside_the_registrys(registry: TestClient) -> None:
    registry.put("/config", json={"compatibility": "NONE", "normalize": True})
    registry.put("/config/orders", json={"compatibilityGroup": "major"})

    assert registry.get("/config/orders").json() == {"compatibilityLevel": "BACKWARD", "compatibilityGroup": "major"}
    register(registry, "orders", ORDER)
    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(BROKEN))) == (409, 40901)


def test_the_default_context_is_the_registry_itself(registry: TestClient) -> None:
    registry.put("/config/:.:", json={"compatibility": "FULL"})
    registry.put("/mode/:.:", json={"mode": "READONLY"})

    assert registry.get("/config").json() == {"compatibilityLevel": "FULL"}
    assert registry.get("/mode").json() == {"mode": "READONLY"}


def test_a_context_may_be_written_without_its_last_colon(registry: TestClient) -> None:
    registry.put("/config/:.eu", json={"compatibility": "FULL"})

    assert registry.get("/config/:.eu:").json() == {"compatibilityLevel": "FULL"}


def test_setting_a_config_answers_all_that_is_set_now(registry: TestClient) -> None:
    registry.put("/config/orders", json={"compatibility": "full", "compatibilityGroup": "major"})
    answer = registry.put("/config/orders", json={"normalize": True})
    taken_back = registry.put("/config/orders", json={"compatibilityGroup": None, "normalize": None})

    assert answer.json() == {"compatibility": "FULL", "compatibilityGroup": "major", "normalize": True}
    assert taken_back.json() == {"compatibility": "FULL"}
    assert registry.get("/config/orders").json() == {"compatibilityLevel": "FULL"}


@pytest.mark.parametrize(
    "body",
    [
        {"normalize": "perhaps"},
        {"compatibilityGroup": 5},
        {"defaultMetadata": 5},
        {"overrideMetadata": {"properties": {"owner": 5}}},
        {"defaultRuleSet": {"domainRules": [5]}},
    ],
)
def test_a_config_of_the_wrong_kind_is_refused(registry: TestClient, body: dict[str, object]) -> None:
    assert error_of(registry.put("/config/orders", json=body)) == (400, 400)


def test_an_unknown_compatibility_policy_is_refused_and_known_ones_are_kept(registry: TestClient) -> None:
    assert error_of(registry.put("/config/orders", json={"compatibilityPolicy": "KIND"})) == (422, 42203)
    registry.put("/config/orders", json={"compatibilityPolicy": "lenient", "validateRules": True})

    assert registry.get("/config/orders").json() == {
        "compatibilityLevel": "BACKWARD",
        "compatibilityPolicy": "LENIENT",
        "validateRules": True,
    }


def test_config_and_mode_outlive_a_soft_delete_and_go_with_the_permanent_one(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    registry.put("/config/orders", json={"compatibility": "NONE"})
    registry.put("/mode/orders", json={"mode": "READWRITE"})

    registry.delete("/subjects/orders")
    assert registry.get("/config/orders").json() == {"compatibilityLevel": "NONE"}
    assert registry.get("/mode/orders").json() == {"mode": "READWRITE"}

    registry.delete("/subjects/orders?permanent=true")
    assert error_of(registry.get("/config/orders")) == (404, 40408)
    assert error_of(registry.get("/mode/orders")) == (404, 40409)


def test_config_and_mode_go_with_the_last_version(registry: TestClient) -> None:
    registry.put("/config/orders", json={"compatibility": "NONE"})
    for schema in (ORDER, LONGER):
        register(registry, "orders", schema)

    for version in (1, 2):
        assert registry.get("/config/orders").status_code == 200
        registry.delete(f"/subjects/orders/versions/{version}")
        registry.delete(f"/subjects/orders/versions/{version}?permanent=true")

    assert error_of(registry.get("/config/orders")) == (404, 40408)


def test_import_purges_what_was_deleted_softly(registry: TestClient) -> None:
    register(registry, "orders", ORDER)
    registry.delete("/subjects/orders")

    assert registry.put("/mode/orders", json={"mode": "IMPORT"}).status_code == 200

    assert error_of(registry.get("/subjects/orders/versions?deleted=true")) == (404, 40401)
    assert register(registry, "orders", LONGER, id=1, version=1)["id"] == 1


def test_import_of_a_context_wants_it_empty_and_purges_all_of_it(registry: TestClient) -> None:
    register(registry, ":.eu:orders", ORDER)
    register(registry, "orders", ORDER)
    assert error_of(registry.put("/mode/:.eu:", json={"mode": "IMPORT"})) == (422, 42205)
    registry.delete("/subjects/:.eu:orders")

    assert registry.put("/mode/:.eu:", json={"mode": "IMPORT"}).status_code == 200

    assert registry.get("/subjects?deleted=true").json() == ["orders"]


def test_import_is_refused_while_something_refers_to_what_it_would_purge(registry: TestClient) -> None:
    register(registry, "base", ORDER)
    text = 'syntax = "proto3"; import "o.proto"; message P { shop.Order o = 1; }'
    register(registry, "paid", text, references=[{"name": "o.proto", "subject": "base", "version": 1}])
    registry.delete("/subjects/paid")
    registry.delete("/subjects/base")

    assert error_of(registry.put("/mode/base", json={"mode": "IMPORT"})) == (422, 42206)


def test_a_mode_of_null_takes_the_mode_back(registry: TestClient) -> None:
    registry.put("/mode/orders", json={"mode": "READONLY"})

    assert registry.put("/mode/orders", json={"mode": None}).status_code == 200

    assert error_of(registry.get("/mode/orders")) == (404, 40409)


def test_mode_forward_is_for_the_global_context_only_and_takes_ids(registry: TestClient) -> None:
    assert error_of(registry.put("/mode/orders", json={"mode": "FORWARD"})) == (422, 42204)
    assert registry.put("/mode/:.__GLOBAL:", json={"mode": "FORWARD"}).json() == {"mode": "FORWARD"}

    assert error_of(registry.post("/subjects/orders/versions", json=protobuf(ORDER))) == (422, 42205)
    assert register(registry, "orders", ORDER, id=77, version=3) == register(registry, "orders", ORDER, id=77, version=3)
    assert registry.get("/subjects/orders/versions").json() == [3]


def test_the_modes_of_a_context_are_taken_back_together(registry: TestClient) -> None:
    for scope in (":.eu:", ":.eu:orders", ":.eu:payments", "orders"):
        registry.put(f"/mode/{scope}", json={"mode": "READONLY"})

    assert registry.delete("/mode/:.eu:?recursive=true").json() == {"mode": "READONLY"}

    assert error_of(registry.get("/mode/:.eu:orders")) == (404, 40409)
    assert registry.get("/mode/orders").json() == {"mode": "READONLY"}
    assert registry.delete("/mode/:.eu:?recursive=true").json() == {}
    assert error_of(registry.delete("/mode/:.eu:")) == (404, 40401)


def test_a_context_stays_until_it_is_deleted_and_only_an_empty_one_can_be(registry: TestClient) -> None:
    register(registry, ":.eu:orders", ORDER)
    register(registry, ":.us:orders", ORDER)

    refused = registry.delete("/contexts/.eu")
    registry.delete("/subjects/:.eu:orders")
    registry.delete("/subjects/:.eu:orders?permanent=true")
    before = registry.get("/contexts").json()
    deleted = registry.delete("/contexts/:.eu:")

    assert error_of(refused) == (422, 42211)
    assert before == [".", ".eu", ".us"]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert registry.get("/contexts").json() == [".", ".us"]


def test_contexts_are_listed_by_prefix(registry: TestClient) -> None:
    for context in ("eu-north", "eu-south", "us"):
        register(registry, f":.{context}:orders", ORDER)

    assert registry.get("/contexts?contextPrefix=.eu").json() == [".eu-north", ".eu-south"]
    assert registry.get("/contexts?contextPrefix=.eu&offset=1&limit=1").json() == [".eu-south"]


@pytest.mark.parametrize("subject", ["__GLOBAL", "__EMPTY", ":.eu:__GLOBAL", ":.__GLOBAL:orders"])
def test_reserved_names_are_no_subjects(registry: TestClient, subject: str) -> None:
    assert error_of(registry.post(f"/subjects/{subject}/versions", json=protobuf(ORDER))) == (422, 42208)
