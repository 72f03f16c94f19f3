"""What each kind of resource runs on, by settings, and where what runs elsewhere is."""

from __future__ import annotations

import pytest
from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints, Viewer
from shop_sandbox.engines.choice import Choice, choose
from shop_sandbox.environment import sandbox_environment
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.resources.model import ResourceKind

PORTS = {"kafka": 20001, "schema-registry": 20002, "aws": 20003, "postgres": 20004, "redis": 20005, "orders": 20006}
EXTERNAL = {
    "kafka": "b-1.example:9092,b-2.example:9093",
    "schema-registry": "https://registry.example:8081",
    "aws": "http://AKIATEAM:c2VjcmV0@localstack.example:4566",
    "postgres": "postgresql://admin:p%40ss@db.example:5433/team",
    "redis": "redis://:w%2Ford@cache.example:6380",
}


def seen(choice: Choice, viewer: Viewer = Viewer.HOST) -> dict[str, str]:
    endpoints = Endpoints(PORTS, elsewhere=choice.elsewhere(PORTS), secured=choice.secured()).seen_by(viewer)
    return sandbox_environment(endpoints, Credentials(secret="5e" * 32, given=choice.accounts()))


def test_an_engine_is_a_choice_for_every_kind() -> None:
    mixed, docker = choose("mixed", {}, {}), choose("docker", {}, {})

    assert [mixed.engine_of(kind) for kind in (ResourceKind.KAFKA, ResourceKind.AWS)] == ["docker", "embedded"]
    here = {ResourceKind.PROVISION, ResourceKind.CHAOS}
    assert {kind for kind in ResourceKind if docker.engine_of(kind) == "embedded"} == here, "whatever the engine"
    assert (mixed.services_are_processes, docker.services_are_processes) == (True, False)


def test_single_resources_run_on_another_engine_than_the_rest() -> None:
    choice = choose("embedded", {"postgres": "docker", "kafka": "external"}, {"kafka": "b-1.example:9092"})

    kinds = (ResourceKind.POSTGRES, ResourceKind.KAFKA, ResourceKind.REDIS)
    assert [choice.engine_of(kind) for kind in kinds] == ["docker", "external", "embedded"]


def test_chaos_is_refused_where_services_would_go_past_its_proxies() -> None:
    assert choose("mixed", {}, {}, chaos=True).services_are_processes

    with pytest.raises(SandboxError, match="would go past its proxies") as raised:
        choose("docker", {}, {}, chaos=True)
    assert raised.value.actions[0] == "shop-dev up --chaos --engine mixed"


def test_an_address_alone_makes_a_store_external() -> None:
    assert choose("mixed", {}, {"redis": EXTERNAL["redis"]}).engine_of(ResourceKind.REDIS) == "external"


def test_programs_find_what_is_external_with_the_account_it_lets_in() -> None:
    found = seen(choose("embedded", {}, EXTERNAL))

    assert found["KAFKA_BOOTSTRAP_SERVERS"] == "b-1.example:9092,b-2.example:9093"
    assert found["SCHEMA_REGISTRY_URL"] == "https://registry.example:8081"
    assert found["DATABASE_URL"] == "postgresql://admin:p%40ss@db.example:5433/team"
    assert found["REDIS_URL"] == "redis://:w%2Ford@cache.example:6380/0"
    aws = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert [found[name] for name in aws] == ["http://localstack.example:4566", "AKIATEAM", "c2VjcmV0"]


def test_containers_find_each_other_by_name_and_this_machine_under_another() -> None:
    found = seen(choose("docker", {}, {"redis": "redis://127.0.0.1:6390"}), Viewer.CONTAINER)

    assert found["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    assert found["AWS_ENDPOINT_URL"] == "http://aws:4566"
    assert found["SHOP_ORDERS_URL"] == "http://orders:20006"
    assert found["REDIS_URL"] == "redis://host.docker.internal:6390/0"


@pytest.mark.parametrize(
    ("engine", "engines", "named"),
    [
        ("docker", {"kafka": "embedded"}, "kafka: a process of this machine"),
        ("embedded", {"services": "docker"}, "aws, kafka, postgres, redis, schema-registry, telemetry: a process"),
        ("mixed", {"aws": "docker"}, "aws: in a container"),
    ],
)
def test_what_cannot_meet_is_refused(engine: str, engines: dict[str, str], named: str) -> None:
    with pytest.raises(SandboxError) as raised:
        choose(engine, engines, {})

    assert raised.value.code == ErrorCode.ENGINE_REFUSED
    assert named in raised.value.message


def test_external_without_an_address_says_which_variable_has_it() -> None:
    with pytest.raises(SandboxError) as raised:
        choose("embedded", {"schema-registry": "external"}, {})

    assert raised.value.code == ErrorCode.EXTERNAL_INVALID
    assert "SHOP_EXTERNAL_SCHEMA_REGISTRY" in raised.value.actions[0]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("kafka", "b-1.example"),
        ("postgres", "mysql://admin:hunter2@db.example:3306/x"),
        ("redis", "redis://:hunter2@"),
        ("aws", "localstack:4566"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_showing_it(name: str, url: str) -> None:
    with pytest.raises(SandboxError) as raised:
        choose("embedded", {}, {name: url})

    assert raised.value.code == ErrorCode.EXTERNAL_INVALID
    assert "hunter2" not in str(raised.value.__dict__)
