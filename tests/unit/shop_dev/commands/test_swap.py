"""`shop-dev swap`, seen from the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, resource_status, sandbox_status
from msgspec import structs
from shop_sandbox.supervisor.protocol import ProcessDescription

TELLS = "import os, sys; open('told', 'w').write(f\"{os.environ['PORT']} {'HOME' in os.environ}\"); sys.exit(3)"


@pytest.fixture(autouse=True)
def orders(sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(resource_status("orders"))
    sandbox.described = ProcessDescription(
        resource="orders",
        environment={"PORT": "20003", "DATABASE_URL": "postgresql://orders@127.0.0.1/orders"},
        cwd=".",
        argv=(sys.executable, "-c", "print('the service itself')"),
        ports={"orders": 20003},
    )


def test_a_command_runs_with_the_services_exact_environment_until_it_ends(
    checkout: Path, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    said = shop_dev("swap", "orders", "--json", "--", sys.executable, "-c", TELLS)

    assert said.document()["data"] == {"service": "orders", "exitStatus": 3}
    assert (checkout / "told").read_text() == "20003 False"
    assert [asked for asked in sandbox.asked if asked.startswith("swap")] == ["swap orders", "swapped back"]


def test_without_a_command_the_service_itself_runs_in_this_terminal(shop_dev: ShopDev) -> None:
    said = shop_dev("swap", "orders")

    assert (said.status, said.out.splitlines()[-1]) == (0, "orders runs by itself again.")


def test_it_runs_where_the_service_runs_whatever_folder_the_caller_is_in(
    checkout: Path, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    home = checkout / "services" / "orders"
    assert sandbox.described is not None
    sandbox.described = structs.replace(sandbox.described, cwd=str(home), argv=(sys.executable, "-c", "open('here', 'w').close()"))

    shop_dev("swap", "orders")

    assert (home / "here").exists()


def test_a_command_that_cannot_be_started_leaves_the_service_in_its_place(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    said = shop_dev("swap", "orders", "--", "./no-such-program")

    assert (
        said.status,
        said.err.startswith("error: ./no-such-program cannot be started in ., where orders runs: No such file"),
    ) == (2, True)
    assert sandbox.asked[-1] == "swapped back"


def test_a_service_that_is_not_there_is_wrong_use(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.described = None

    assert shop_dev("swap", "oders").status == 2
