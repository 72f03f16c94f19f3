"""The start graph that manifests make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.checkout_tree import GLOBS, CheckoutTree
from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints, Viewer
from shop_sandbox.environment import service_environment
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.resources.model import CommandHealth, CommandRuntime, HttpHealth, PythonRuntime, Resource, TcpHealth
from shop_sandbox.resources.shop import closure, resources_of

CREDENTIALS = Credentials(secret="5e" * 32)


@pytest.fixture
def tree(tmp_path: Path) -> CheckoutTree:
    return CheckoutTree.plant(tmp_path)


def build_resources(checkout: Path, globs: Sequence[str], **wanted: Any) -> dict[str, Resource]:
    """Build the graph of what the globs find."""
    return resources_of(load_manifests(checkout, globs), checkout, globs, **wanted)


def test_the_graph_holds_what_the_services_need_and_nothing_else(tree: CheckoutTree) -> None:
    tree.change("tills", "  caches:\n    - name: tills\n", "")

    assert {name: resource.needs for name, resource in build_resources(tree.root, GLOBS).items()} == {
        "telemetry": (),
        "kafka": (),
        "aws": (),
        "postgres": (),
        "schema-registry": ("kafka",),
        "provision-topics": ("kafka",),
        "provision-schemas": ("schema-registry",),
        "provision-aws": ("aws",),
        "provision-databases": ("postgres",),
        "stock": ("provision-topics", "provision-schemas", "provision-aws"),
        "tills-functions": ("provision-topics", "provision-schemas", "provision-aws", "provision-databases"),
        "tills": ("provision-topics", "provision-schemas", "provision-aws", "provision-databases"),
    }


def test_an_edited_schema_passes_the_projects_commands_before_it_is_registered(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS, contract_commands=[["check"]], contracts_stamp=tree.root / "stamp")

    assert resources["check-contracts"].needs == ()
    assert resources["provision-schemas"].needs == ("schema-registry", "check-contracts")
    assert resources["check-contracts"].watched == resources["provision-schemas"].watched != ()
    assert "check-contracts" in closure(resources, ["stock"])


def test_a_checkout_without_manifests_has_the_bare_platform(tmp_path: Path) -> None:
    assert list(build_resources(tmp_path, GLOBS)) == ["telemetry", "kafka", "aws", "postgres", "redis", "schema-registry"]


def test_everything_a_resource_needs_comes_before_it(tree: CheckoutTree) -> None:
    seen: set[str] = set()
    for name, resource in build_resources(tree.root, GLOBS).items():
        assert seen.issuperset(resource.needs)
        seen.add(name)


def test_a_service_says_how_it_runs(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS)

    assert resources["stock"].runtime == PythonRuntime("stock.program:main")
    assert resources["tills"].runtime == CommandRuntime(("sh", "-c", "sleep 1"), tree.root / "services/tills")
    assert resources["tills"].ports == ("tills", "tills.grpc")
    assert resources["stock"].health == HttpHealth("/health", "/ready")


def test_a_python_service_is_started_again_for_the_code_it_shares(tree: CheckoutTree) -> None:
    tree.write("services/kit/__init__.py", "")

    resources = build_resources(tree.root, GLOBS, shared_code=[Path("services/kit"), Path("services/not-there")])

    assert resources["stock"].watched == (tree.root / "services/stock", tree.root / "services/kit")
    assert resources["tills"].watched == (tree.root / "services/tills",)


def test_what_a_service_watches_may_lie_beside_its_folder(tree: CheckoutTree) -> None:
    tree.plant_post()
    tree.change("post", "watch: [main.c]", "watch: [main.c, ../stock]")

    resources = build_resources(tree.root, GLOBS)

    assert resources["post"].watched == (tree.root / "services/post/main.c", tree.root / "services/stock")


def test_a_service_brings_what_it_calls_along_without_waiting_for_it(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS)

    chosen = closure(resources, ["tills"])

    assert "stock" in chosen
    assert "stock" not in resources["tills"].needs
    assert list(chosen) == list(resources)


def test_naming_a_resource_starts_it_with_what_it_needs(tree: CheckoutTree) -> None:
    assert list(closure(build_resources(tree.root, GLOBS), ["schema-registry"])) == ["kafka", "schema-registry"]


def test_naming_nothing_starts_everything(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS)

    assert closure(resources, []) == resources


def test_unknown_resources_are_named_with_the_nearest_known(tree: CheckoutTree) -> None:
    with pytest.raises(SandboxError) as raised:
        closure(build_resources(tree.root, GLOBS), ["kafak", "tills", "posgres"])

    assert raised.value.code is ErrorCode.RESOURCE_UNKNOWN
    assert raised.value.message == (
        "there is no resource 'kafak' (did you mean 'kafka'?); there is no resource 'posgres' (did you mean 'postgres'?)"
    )
    assert raised.value.detail["unknown"] == ["kafak", "posgres"]


def test_a_name_in_capitals_is_led_to_the_one_that_was_meant(tree: CheckoutTree) -> None:
    with pytest.raises(SandboxError, match=r"there is no resource 'KAFKA' \(did you mean 'kafka'\?\)"):
        closure(build_resources(tree.root, GLOBS), ["KAFKA"])


def test_workers_functions_and_builds_run_beside_the_process_that_brings_them_along(tree: CheckoutTree) -> None:
    tree.plant_post()
    resources = build_resources(tree.root, GLOBS)

    post, sorter, functions = resources["post"], resources["post-sorter"], resources["post-functions"]

    assert {"post-sorter", "post-franker", "post-functions"} <= set(closure(resources, ["post"]))
    assert "build-post" in post.needs
    assert "build-post" in sorter.needs
    assert "build-post-labels" not in post.needs
    assert "build-post-labels" in functions.needs
    assert post.ports == ("post", "post.grpc")
    assert (sorter.ports, sorter.health, sorter.environment["SHOP_SERVICE"]) == ((), None, "post")
    assert post.health == TcpHealth()
    assert resources["post-franker"].health == CommandHealth(("sh", "-c", "exit 0"), tree.root / "services/post")
    assert post.passes == ("FRANKING_KEY",)


def test_what_a_build_makes_starts_nothing_again(tree: CheckoutTree) -> None:
    tree.plant_post()
    resources = build_resources(tree.root, GLOBS)

    assert resources["build-post"].watched == (tree.root / "services/post/main.c",)
    assert resources["build-post"].ignored == ("/bin/post",)
    assert resources["post"].ignored == ("/bin/post", "/dist/labels.zip", "*.log", "drafts/")
    assert resources["post-sorter"].ignored == ("/bin/post", "/dist/labels.zip")


def test_a_python_function_may_run_in_the_projects_own_interpreter(tree: CheckoutTree) -> None:
    tree.write("services/stock/.venv/bin/python", "")
    tree.change("stock", "python: stock.program:main", "python: stock.program:main\n  interpreter: .venv/bin/python")

    runtime = build_resources(tree.root, GLOBS)["stock"].runtime

    assert isinstance(runtime, CommandRuntime)
    assert (runtime.argv[0], runtime.argv[-1]) == (str(tree.root / "services/stock/.venv/bin/python"), "stock.program:main")
    assert runtime.cwd == tree.root / "services/stock"


def test_kafka_has_a_listener_for_each_viewer_that_was_asked_for(tree: CheckoutTree) -> None:
    assert build_resources(tree.root, GLOBS)["kafka"].ports == ("kafka", "kafka.controller")
    assert build_resources(tree.root, GLOBS, viewers=[Viewer.CONTAINER])["kafka"].ports == (
        "kafka",
        "kafka.controller",
        "kafka.container",
    )


def test_a_service_finds_its_own_things_in_its_environment(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS)
    endpoints = Endpoints({key: 1000 + number for number, key in enumerate(key for one in resources.values() for key in one.ports)})

    tills = service_environment(resources["tills"], endpoints, CREDENTIALS)
    stock = service_environment(resources["stock"], endpoints, CREDENTIALS)

    assert tills["DATABASE_URL"] == (
        f"postgresql://tills:{CREDENTIALS.password('postgres/tills')}@{endpoints.address('postgres')}/tills"
    )
    assert tills["PORT"] == str(endpoints.ports["tills"])
    assert tills["PORT_GRPC"] == str(endpoints.ports["tills.grpc"])
    assert tills["SHOP_STOCK_URL"] == endpoints.url("stock")
    assert tills["SHOP_SECRET_STOCK_FEED"] == "stock/feed"
    assert tills["REDIS_URL"] == f"redis://:{CREDENTIALS.password('redis')}@{endpoints.address('redis')}/0"
    assert {name: value for name, value in stock.items() if name.startswith("SHOP_")} == {
        "SHOP_SERVICE": "stock",
        "SHOP_INSTANCE": "1",
        "SHOP_TABLE_SHELVES": "shelves",
        "SHOP_QUEUE_DELIVERIES": "deliveries",
        "SHOP_NOTIFICATION_ARRIVALS": "arn:aws:sns:eu-west-1:000000000000:arrivals",
        "SHOP_BUCKET_PHOTOS": "photos",
        "SHOP_SECRET_STOCK_FEED": "stock/feed",
        "SHOP_PARAMETER_STOCK_LOW_WATER": "/stock/low-water",
    }


def test_a_service_finds_the_further_ports_of_those_it_calls(tree: CheckoutTree) -> None:
    tree.change("stock", "  python: stock.program:main", "  python: stock.program:main\n  ports: [grpc, admin]")
    resources = build_resources(tree.root, GLOBS)
    endpoints = Endpoints({key: 1000 + number for number, key in enumerate(key for one in resources.values() for key in one.ports)})

    tills = service_environment(resources["tills"], endpoints, CREDENTIALS)

    assert tills["SHOP_STOCK_GRPC_ADDRESS"] == endpoints.address("stock.grpc")
    assert tills["SHOP_STOCK_ADMIN_ADDRESS"] == endpoints.address("stock.admin")
    assert not [name for name in tills if name.startswith("SHOP_TILLS")]


def test_a_service_knows_where_the_keys_of_its_tokens_are_without_bringing_their_issuer_along(tree: CheckoutTree) -> None:
    tree.change("stock", "needs:\n", "needs:\n  issuers: [tills]\n")
    resources = build_resources(tree.root, GLOBS)
    endpoints = Endpoints({key: 1000 + number for number, key in enumerate(key for one in resources.values() for key in one.ports)})

    assert service_environment(resources["stock"], endpoints, CREDENTIALS)["SHOP_TILLS_URL"] == endpoints.url("tills")
    assert "tills" not in closure(resources, ["stock"])


def test_a_service_without_a_database_is_not_lent_the_administrators(tree: CheckoutTree) -> None:
    resources = build_resources(tree.root, GLOBS)
    endpoints = Endpoints({key: 1000 for one in resources.values() for key in one.ports})

    assert "DATABASE_URL" not in service_environment(resources["stock"], endpoints, CREDENTIALS)
