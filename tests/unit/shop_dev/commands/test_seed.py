"""`shop-dev seed`: the project's own command, with the sandbox's variables and the caller's arguments."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status

SETTINGS = """\
[tool.shop-dev]
seed = {command = ["${PYTHON}", "fill.py"], needs = ["orders"]}
"""

FILL = """\
import json, os, sys
print("filling", os.environ["SHOP_SEED"], "with", *sys.argv[1:], "at", os.environ["SHOP_ORDERS_URL"])
print(json.dumps({"products": 3}))
"""


@pytest.fixture
def project(checkout: Path, sandbox: FakeSandboxClient) -> Path:
    (checkout / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (checkout / "fill.py").write_text(FILL, encoding="utf-8")
    sandbox.reported = sandbox_status(endpoints={"orders": "http://o"}, environment={"SHOP_ORDERS_URL": "http://o"})
    return checkout


def test_the_projects_command_gets_the_arguments_and_the_sandboxs_variables(shop_dev: ShopDev, project: Path) -> None:
    assert shop_dev("seed", "--products", "3").out == "filling always with --products 3 at http://o\n"
    assert shop_dev("seed", "--json").document()["data"] == {"products": 3}


def test_a_command_that_fails_is_told_with_what_it_said(shop_dev: ShopDev, project: Path) -> None:
    (project / "fill.py").write_text("import sys\nprint('half')\nsys.exit('the shelf is locked')\n", encoding="utf-8")

    said = shop_dev("seed")

    assert said.status == 1
    assert said.err.startswith("error: the shelf is locked [seed_failed]\n")


def test_a_command_that_is_not_there_is_told(shop_dev: ShopDev, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.shop-dev]\nseed = {command = ["./fill"]}\n', encoding="utf-8")

    assert shop_dev("seed").err.startswith("error: ./fill cannot be run: No such file or directory [seed_failed]\n")


def test_what_seeding_needs_must_run(shop_dev: ShopDev, project: Path, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(endpoints={})

    said = shop_dev("seed")

    assert said.err.startswith("error: Seeding needs orders, which this sandbox does not run. [service_unreachable]\n")


def test_a_project_without_a_command_is_told_how_to_name_one(shop_dev: ShopDev, checkout: Path, sandbox: FakeSandboxClient) -> None:
    said = shop_dev("seed")

    assert (said.status, "Add `seed = {command" in said.err) == (2, True)
