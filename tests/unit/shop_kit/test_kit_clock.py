"""The clock that a sandbox moves."""

from __future__ import annotations

import time
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.clock import OFFSET, ClockUnreadable, SystemClock, clock_of, moment
from shop_kit.testing.clock import HandClock
from shop_sandbox.clock import ClockFile


def test_it_tells_real_time_as_long_as_nobody_moved_it(tmp_path: Path) -> None:
    file = ClockFile(tmp_path / "clock")
    file.ensure()
    clock = clock_of(str(file.path))

    before, told, after = time.time(), clock.now(), time.time()

    assert before <= told <= after


def test_every_clock_of_a_sandbox_moves_at_once_when_its_file_does(tmp_path: Path) -> None:
    file = ClockFile(tmp_path / "clock")
    file.ensure()
    clocks = [clock_of(str(file.path)), clock_of(str(file.path))]

    file.advance(7200)
    ahead = [clock.now() - time.time() for clock in clocks]
    file.reset()
    back = [clock.now() - time.time() for clock in clocks]

    assert [round(seconds) for seconds in ahead] == [7200, 7200]
    assert [round(seconds) for seconds in back] == [0, 0]


@given(milliseconds=st.integers(1, 10**12))
def test_kit_and_sandbox_read_the_same_from_the_file(milliseconds: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = ClockFile(tmp_path_factory.mktemp("sandbox") / "clock")

    file.advance(milliseconds / 1000)

    assert OFFSET.unpack(file.path.read_bytes()) == (milliseconds,)
    assert file.offset_seconds() == milliseconds / 1000


def test_without_a_file_it_is_the_machines_clock() -> None:
    assert isinstance(clock_of(None), SystemClock)


@pytest.mark.parametrize("content", [None, b"", b"seven b"])
def test_a_file_that_is_no_clock_stops_the_service_with_its_name(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ClockUnreadable, match=str(file)):
        clock_of(str(file))


def test_a_moment_has_its_time_zone() -> None:
    assert moment(HandClock(0.0)).tzinfo is UTC
