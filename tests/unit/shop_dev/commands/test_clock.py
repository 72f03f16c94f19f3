"""`shop-dev clock`, seen from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_sandbox.clock import ClockFile


@pytest.fixture
def clock(checkout: Path) -> ClockFile:
    """The clock of the project's sandbox, which was started once."""
    file = ClockFile(checkout / ".shop-dev" / "default" / "data" / "clock")
    file.ensure()
    return file


def test_advance_adds_up_and_show_tells_it(shop_dev: ShopDev, clock: ClockFile) -> None:
    shop_dev("clock", "advance", "1h30m")
    shop_dev("clock", "advance", "30m")

    assert shop_dev("clock", "show", "--json").document()["data"]["offsetSeconds"] == 7200
    assert "2:00:00 ahead of real time" in shop_dev("clock", "show").out


def test_reset_goes_back_to_real_time(shop_dev: ShopDev, clock: ClockFile) -> None:
    shop_dev("clock", "advance", "2d")

    said = shop_dev("clock", "reset")

    assert (said.status, clock.offset_seconds()) == (0, 0)
    assert said.out.endswith("UTC: real time.\n")


def test_what_is_no_time_is_wrong_use(shop_dev: ShopDev, clock: ClockFile) -> None:
    said = shop_dev("clock", "advance", "soon")

    assert said.status == 2
    assert "'soon' is no time like 90s, 15m, 2h or 1d12h" in said.err


def test_a_sandbox_that_was_never_started_has_no_clock(shop_dev: ShopDev, checkout: Path) -> None:
    assert shop_dev("clock", "show").status == 7
