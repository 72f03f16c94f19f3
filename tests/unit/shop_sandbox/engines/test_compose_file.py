"""The compose file as data: what holds for every container of the shop, and what becomes of manifests that cannot run in one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.checkout_tree import GLOBS, CheckoutTree
from shop_sandbox.engines.docker.compose import compose
from shop_sandbox.errors import ErrorCode, SandboxError

CHECKOUT = Path(__file__).resolve().parents[4]
FILE = CHECKOUT / "compose.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = DOCUMENT["services"]
OWN = {name: one for name, one in CONTAINERS.items() if one["image"].startswith("shop-dev/")}
TASKS = {name: one for name, one in OWN.items() if name.startswith("provision-")}
SEEN = {name: one for name, one in CONTAINERS.items() if one["profiles"] == ["observability"]}
STORES = {name: one for name, one in CONTAINERS.items() if name not in OWN and name not in SEEN}


def test_the_file_in_the_repository_is_fresh() -> None:
    assert FILE.read_text(encoding="utf-8") == compose(CHECKOUT, ["services/shop_services/*/service.yaml"]).text


def test_every_manifest_has_its_container() -> None:
    manifests = {file.parent.name for file in CHECKOUT.glob("services/shop_services/*/service.yaml")}

    assert manifests == set(OWN) - set(TASKS) - {"schema-registry"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_everything_is_started_by_a_profile_and_listens_on_loopback_only(name: str) -> None:
    assert set(CONTAINERS[name]["profiles"]) <= {"infra", "shop", "localstack", "observability"}
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{SHOP_[A-Z_]+_PORT:-\d*\}:\d+", port) for port in CONTAINERS[name].get("ports", ()))


@pytest.mark.parametrize("name", CONTAINERS)
def test_everything_is_limited(name: str) -> None:
    assert {"memory", "cpus"} <= CONTAINERS[name]["deploy"]["resources"]["limits"].keys()


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - set(TASKS) - {"collector"}))  # its image has nothing to ask it with
def test_everything_that_stays_shows_that_it_works(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OWN)
def test_images_of_ours_can_write_nowhere_and_may_do_nothing_special(name: str) -> None:
    own = CONTAINERS[name]

    assert own["read_only"] is True
    assert own["cap_drop"] == ["ALL"]
    assert own["security_opt"] == ["no-new-privileges:true"]
    assert own["build"]["args"] == {"SERVICE": own["image"].removeprefix("shop-dev/").partition(":")[0]}


@pytest.mark.parametrize("name", STORES)
def test_stores_keep_their_data_in_a_volume_of_their_own(name: str) -> None:
    (volume,) = STORES[name]["volumes"]

    assert volume.startswith(f"{name}:/")
    assert name in DOCUMENT["volumes"]


@pytest.mark.parametrize("name", OWN)
def test_nothing_starts_before_what_it_needs_has_done_its_work(name: str) -> None:
    for need, how in OWN[name].get("depends_on", {}).items():
        assert how["condition"] == ("service_completed_successfully" if need in TASKS else "service_healthy")


def test_a_service_waits_for_what_provisions_it_and_knows_where_everything_is() -> None:
    orders = CONTAINERS["orders"]

    assert set(orders["depends_on"]) == {"provision-topics", "provision-schemas", "provision-databases"}
    assert orders["environment"]["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    assert orders["environment"]["SHOP_EDGE_URL"] == "http://edge:8080"
    assert re.fullmatch(r"postgresql://orders:\w{32}@postgres:5432/orders", orders["environment"]["DATABASE_URL"])
    assert orders["command"] == ["shop_services.orders.bootstrap:main"]


def test_localstack_is_the_last_one_that_needs_no_account_and_ministack_has_what_it_has_not() -> None:
    assert CONTAINERS["localstack"]["image"] == "localstack/localstack:4.14.0"
    assert "LOCALSTACK_AUTH_TOKEN" in FILE.read_text(encoding="utf-8").split("\n\n")[0]
    identity = CONTAINERS["identity"]["environment"]
    assert identity["AWS_ENDPOINT_URL"] == "http://${SHOP_AWS:-ministack}:4566"
    assert identity["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] == "http://ministack:4566"
    assert CONTAINERS["provision-aws"]["environment"]["AWS_ENDPOINT_URL_APIGATEWAYV2"] == "http://ministack:4566"
    assert CONTAINERS["provision-aws"]["depends_on"]["localstack"]["required"] is False


def test_programs_of_health_checks_keep_their_dollars() -> None:
    assert "$$bin/kafka-topics.sh" in CONTAINERS["kafka"]["healthcheck"]["test"][-1]


def test_kafka_tells_the_host_the_port_that_is_published() -> None:
    kafka = CONTAINERS["kafka"]

    assert kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",") == [
        "CONTAINER://kafka:9092",
        "HOST://127.0.0.1:${SHOP_KAFKA_PORT:-9092}",
    ]
    assert kafka["ports"] == ["127.0.0.1:${SHOP_KAFKA_PORT:-9092}:19092"]


def test_a_program_runs_from_the_dockerfile_beside_its_manifest_and_is_left_out_without_one(tmp_path: Path) -> None:
    tree = CheckoutTree.plant(tmp_path)
    (tree.root / "services" / "tills" / "Dockerfile").unlink(missing_ok=True)
    without = compose(tree.root, GLOBS)
    (tree.root / "services" / "tills" / "Dockerfile").write_text("FROM scratch\n")
    with_one = yaml.safe_load(compose(tree.root, GLOBS).text)["services"]

    assert "tills" in without.left_out
    assert "tills" not in yaml.safe_load(without.text)["services"]
    assert with_one["tills"]["build"] == {"context": "./services/tills"}
    assert not {"command", "healthcheck"} & with_one["tills"].keys()


def test_a_broken_manifest_is_told_as_everywhere(tmp_path: Path) -> None:
    (tmp_path / "services" / "tills").mkdir(parents=True)
    (tmp_path / "services" / "tills" / "service.yaml").write_text("schemaVersion: 1\nservice: tills\n")

    with pytest.raises(SandboxError) as raised:
        compose(tmp_path, GLOBS)

    assert raised.value.code == ErrorCode.MANIFEST_INVALID
