"""`shop-dev test`: pytest in a process of its own, and its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev


@pytest.fixture
def suite(checkout: Path) -> Path:
    """A project with one passing and one failing test, out of reach of this one's configuration."""
    (checkout / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (checkout / "test_it.py").write_text("def test_green():\n    pass\n\n\ndef test_red():\n    assert False\n")
    return checkout


def test_a_green_suite_is_exit_status_0(shop_dev: ShopDev, suite: Path) -> None:
    said = shop_dev("test", "-k", "green", "-q", "--json")

    assert said.status == 0
    data = said.document()["data"]
    assert (data["tests"], data["failures"], data["exitStatus"], data["arguments"]) == (1, 0, 0, ["-k", "green", "-q"])


def test_a_red_suite_is_exit_status_1(shop_dev: ShopDev, suite: Path) -> None:
    said = shop_dev("test", "-q", "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "tests_failed")
    assert said.document()["data"]["failures"] == 1


def test_a_suite_without_tests_is_not_green(shop_dev: ShopDev, suite: Path) -> None:
    assert shop_dev("test", "-k", "nothing_of_that_name", "--json").status == 1


def test_arguments_that_pytest_does_not_know_are_wrong_use(shop_dev: ShopDev, suite: Path) -> None:
    assert shop_dev("test", "--no-such-option-of-pytest", "--json").status == 2
