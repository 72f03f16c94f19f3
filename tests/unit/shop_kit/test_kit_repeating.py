"""Work that a service repeats while it runs."""

from __future__ import annotations

import asyncio
import logging

import pytest
from shop_kit.errors import Unavailable
from shop_kit.repeating import repeating

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Sweep:
    """Meets one failure after the other, then `enough` is set with each further time."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.enough = asyncio.Event()
        self.times = 0

    async def __call__(self) -> None:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)
        self.enough.set()


async def test_work_goes_on_after_a_failure_of_any_kind(caplog: pytest.LogCaptureFixture) -> None:
    sweep = Sweep(Unavailable("postgres", "down"), ValueError("an order that cannot be read"))

    async with asyncio.timeout(10), repeating(sweep, name="sweeper", every_seconds=0.0):
        await sweep.enough.wait()

    assert [(record.levelno, vars(record)["work"]) for record in caplog.records] == [
        (logging.WARNING, "sweeper"),
        (logging.ERROR, "sweeper"),
    ]


async def test_work_ends_with_the_block_in_the_middle_of_waiting() -> None:
    sweep = Sweep()

    async with asyncio.timeout(10):
        async with repeating(sweep, name="sweeper", every_seconds=3600.0):
            await sweep.enough.wait()
        left = [task for task in asyncio.all_tasks() if task.get_name() == "sweeper"]

    assert left == []
    assert sweep.times == 1


async def test_a_failure_of_the_block_is_the_callers() -> None:
    with pytest.raises(RuntimeError, match="the block"):
        async with repeating(Sweep(), name="sweeper", every_seconds=0.0):
            raise RuntimeError("the block")
