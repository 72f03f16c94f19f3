"""The file that moves a sandbox's time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shop_sandbox.clock import LONGEST_SECONDS, ClockFile
from shop_sandbox.errors import ErrorCode, SandboxError


def test_steps_forward_add_up_also_when_several_are_made_at_once(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "clock")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: clock.advance(60), range(100)))

    assert clock.offset_seconds() == 6000


def test_making_sure_that_there_is_a_clock_moves_nothing(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "data" / "clock")
    clock.ensure()
    clock.advance(60)

    clock.ensure()

    assert clock.offset_seconds() == 60


@pytest.mark.parametrize("seconds", [0, -1, LONGEST_SECONDS + 1])
def test_it_goes_forward_only_and_not_beyond_a_century(seconds: float, tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "clock")

    with pytest.raises(SandboxError) as refused:
        clock.advance(seconds)

    assert refused.value.code is ErrorCode.CLOCK_REFUSED
    assert clock.offset_seconds() == 0


def test_a_file_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "clock")
    clock.path.write_bytes(b"noon")

    with pytest.raises(SandboxError, match="clock is no clock: it holds 4 bytes"):
        clock.offset_seconds()
