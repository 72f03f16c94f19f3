"""Which subject holds the schemas of which topic."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.registry_client import BROKEN, LONGER, ORDER, error_of, protobuf, register
from fakes.schema_log import FakeLog, SharedTopic
from shop_contracts.registry.http import application
from shop_contracts.registry.registry import Registry
from starlette.testclient import TestClient

DEFAULT = ":.cluster:orders-value"


def body(*associations: dict[str, Any], **resource: Any) -> dict[str, Any]:
    named = {"resourceName": "orders", "resourceNamespace": "cluster", "resourceId": "o-1"}
    return {**named, **resource, "associations": list(associations)}


def create(registry: TestClient, *associations: dict[str, Any], **resource: Any) -> Any:
    return registry.post("/associations", json=body(*associations, **resource))


def listed(registry: TestClient, path: str) -> list[tuple[str, str, str]]:
    answer = registry.get(f"/associations/{path}")
    assert answer.status_code == 200, answer.text
    return [(each["associationType"], each["subject"], each["lifecycle"]) for each in answer.json()]


WEAK = {"subject": "shared", "lifecycle": "WEAK"}
OWNED = {"schema": protobuf(ORDER)}


def test_a_resource_without_associations_has_an_empty_list(registry: TestClient) -> None:
    assert listed(registry, "resources/-/orders?resourceType=topic&associationType=value&offset=0&limit=-1") == []


def test_a_weak_association_points_at_a_subject_that_is_there(registry: TestClient) -> None:
    assert error_of(create(registry, WEAK)) == (409, 40907)
    register(registry, "shared", ORDER)

    answer = create(registry, WEAK)

    assert answer.json() == {
        "resourceName": "orders",
        "resourceNamespace": "cluster",
        "resourceId": "o-1",
        "resourceType": "topic",
        "associations": [{"subject": "shared", "associationType": "value", "lifecycle": "WEAK", "frozen": False}],
    }
    value = ("value", "shared", "WEAK")
    for path in ("resources/o-1", "resources/cluster/orders", "resources/-/orders", "resources/cluster/-", "subjects/shared"):
        assert listed(registry, path) == [value]
    assert listed(registry, "resources/-/orders?associationType=key") == []
    assert listed(registry, "resources/-/orders?associationType=key&associationType=value") == [value]
    assert listed(registry, "resources/-/orders?lifecycle=STRONG") == []
    assert listed(registry, "resources/other/orders") == []


def test_an_association_that_brings_its_schema_owns_a_subject_of_its_own_and_is_frozen(registry: TestClient) -> None:
    made = create(registry, OWNED, {"associationType": "key", "schema": protobuf(LONGER)}).json()["associations"]

    assert [(each["subject"], each["lifecycle"], each["frozen"]) for each in made] == [
        (DEFAULT, "STRONG", True),
        (":.cluster:orders-key", "STRONG", True),
    ]
    assert [each["schema"]["id"] for each in made] == [1, 2]
    assert registry.get(f"/subjects/{DEFAULT}/versions/1").json()["schema"] == ORDER
    assert create(registry, OWNED).json()["associations"] == []
    assert error_of(create(registry, {"schema": protobuf(BROKEN)})) == (409, 40903)
    thawed = registry.put("/associations/resources/o-1", json=body({"schema": protobuf(LONGER), "frozen": False}))
    assert error_of(thawed) == (422, 42212)


def test_an_upsert_makes_and_changes_an_association_that_is_not_frozen(registry: TestClient) -> None:
    path = "/associations/resources/o-1"
    assert registry.put(path, json=body({"schema": protobuf(ORDER)})).json()["associations"][0]["frozen"] is False

    answer = registry.put(path, json=body({"schema": protobuf(LONGER), "frozen": False, "lifecycle": "STRONG"}))

    assert answer.status_code == 200, answer.text
    assert error_of(registry.put(path, json=body({"lifecycle": "WEAK"}))) == (422, 42212)
    assert error_of(registry.put(path, json=body(resourceId="other"))) == (422, 42212)


def test_a_subject_is_owned_by_one_or_shared(registry: TestClient) -> None:
    register(registry, "shared", ORDER)
    create(registry, WEAK)

    shared = create(registry, WEAK, resourceName="more", resourceId="o-2")
    owned = create(registry, {**WEAK, "lifecycle": "STRONG"}, resourceName="third", resourceId="o-3")
    register(registry, "own", ORDER)
    create(registry, {"subject": "own", "lifecycle": "STRONG"}, resourceName="fourth", resourceId="o-4")
    too_late = create(registry, {"subject": "own", "lifecycle": "WEAK"}, resourceName="fifth", resourceId="o-5")

    assert shared.status_code == 200, shared.text
    assert error_of(owned) == (409, 40904)
    assert error_of(too_late) == (409, 40905)


def test_an_associated_subject_cannot_be_deleted(registry: TestClient) -> None:
    for schema in (ORDER, LONGER):
        register(registry, "shared", schema)
    create(registry, WEAK)

    assert error_of(registry.delete("/subjects/shared")) == (409, 40904)
    assert registry.delete("/subjects/shared/versions/1").json() == 1
    assert error_of(registry.delete("/subjects/shared/versions/2")) == (409, 40907)


def test_associations_are_deleted_and_a_cascade_takes_what_they_own(registry: TestClient) -> None:
    register(registry, "shared", ORDER)
    create(registry, OWNED, {**WEAK, "associationType": "key"})

    path = "/associations/resources/o-1"
    assert error_of(registry.delete(path)) == (409, 40908)
    assert registry.delete(f"{path}?cascadeLifecycle=true&dryRun=true").status_code == 204
    assert len(listed(registry, "resources/o-1")) == 2
    assert registry.delete(f"{path}?associationType=key").status_code == 204
    assert listed(registry, "resources/o-1") == [("value", DEFAULT, "STRONG")]
    assert registry.delete(f"{path}?cascadeLifecycle=true").status_code == 204

    assert error_of(registry.delete(path)) == (404, 40410)
    assert registry.get("/subjects?deleted=true").json() == ["shared"]


def test_a_dry_run_changes_nothing(registry: TestClient) -> None:
    answer = registry.post("/associations?dryRun=true", json=body(OWNED, resourceId=None))

    assert answer.json()["associations"] == []
    assert listed(registry, "resources/-/orders") == []
    assert registry.get("/subjects").json() == []
    register(registry, DEFAULT, BROKEN)
    assert error_of(registry.post("/associations?dryRun=true", json=body(OWNED))) == (422, 42212)


@pytest.mark.parametrize(
    ("association", "resource"),
    [
        (WEAK, {"resourceName": ""}),
        (WEAK, {"resourceName": "a.b"}),
        (WEAK, {"resourceNamespace": "x" * 257}),
        (WEAK, {"resourceId": None}),
        (WEAK, {"resourceType": "queue"}),
        ({**WEAK, "associationType": "header"}, {}),
        ({"lifecycle": "WEAK"}, {}),
        ({"subject": "", "lifecycle": "WEAK"}, {}),
        ({"subject": DEFAULT, "lifecycle": "WEAK"}, {}),
        ({**WEAK, "frozen": True}, {}),
        ({**WEAK, "schema": protobuf(ORDER)}, {}),
        ({"schema": protobuf(ORDER), "frozen": False}, {}),
        ({"subject": "shared", "schema": protobuf(ORDER)}, {}),
        ({"lifecycle": "STRONG", "frozen": True}, {}),
    ],
)
def test_what_no_association_can_say_is_refused(
    registry: TestClient, association: dict[str, Any], resource: dict[str, Any]
) -> None:
    assert error_of(create(registry, association, **resource)) == (422, 42212)


def test_a_request_needs_associations_each_of_another_type(registry: TestClient) -> None:
    assert error_of(create(registry)) == (422, 42212)
    assert error_of(create(registry, WEAK, WEAK)) == (422, 42212)


def test_a_schema_that_does_not_fit_registers_and_associates_nothing(registry: TestClient) -> None:
    register(registry, DEFAULT, ORDER)
    unfit = {"schema": protobuf(BROKEN)}

    answer = registry.put("/associations/resources/o-1", json=body({"associationType": "key", **OWNED}, unfit))

    assert error_of(answer) == (409, 40901)
    assert registry.get("/subjects").json() == [DEFAULT]
    assert listed(registry, "resources/o-1") == []


def test_subjects_are_named_in_the_context_of_the_path(registry: TestClient) -> None:
    register(registry, ":.eu:shared", ORDER)

    registry.post("/contexts/.eu/associations", json=body(WEAK))

    assert listed(registry, "resources/o-1") == [("value", ":.eu:shared", "WEAK")]


def test_associations_outlive_a_restart_and_a_compaction(registry: TestClient, topic: SharedTopic) -> None:
    register(registry, "shared", ORDER)
    create(registry, WEAK, {**OWNED, "associationType": "key"})
    registry.delete("/associations/resources/o-1?associationType=key&cascadeLifecycle=true")
    topic.records = topic.compacted()

    with TestClient(application(Registry(FakeLog(topic)))) as again:
        assert listed(again, "resources/o-1") == [("value", "shared", "WEAK")]
