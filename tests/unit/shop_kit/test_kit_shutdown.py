"""Stopping within one budget."""

from __future__ import annotations

import asyncio

from fakes.virtual_time import in_virtual_time
from shop_kit.runtime import HTTP_SHARE
from shop_kit.settings import RuntimeSettings
from shop_kit.shutdown import Shutdown

SUPERVISORS_PATIENCE = 10.0
UVICORN_GRANULARITY = 1.0


def test_parts_that_all_use_up_their_share_end_within_the_budget() -> None:
    async def story() -> float:
        shutdown = Shutdown(RuntimeSettings().shutdown_grace_seconds)
        shutdown.begin()
        for share in (
            HTTP_SHARE,
            0.5,
            0.6,
            0.5,
            0.5,
        ):  # HTTP, consumer, outbox, producer, database: as shop_kit.service hands them out
            await asyncio.sleep(shutdown.share(share)())
        return asyncio.get_running_loop().time()

    assert in_virtual_time(story()) < SUPERVISORS_PATIENCE - UVICORN_GRANULARITY


def test_the_clock_starts_when_the_process_is_told_to_stop_and_only_once() -> None:
    async def story() -> list[float]:
        shutdown = Shutdown(8.0)
        await asyncio.sleep(100)
        shutdown.begin()
        await asyncio.sleep(3)
        shutdown.begin()
        left = [shutdown.seconds_left()]
        await asyncio.sleep(60)
        return [*left, shutdown.seconds_left()]

    assert in_virtual_time(story()) == [5.0, 0.0]


def test_who_wants_to_know_is_told_once_when_the_stop_begins() -> None:
    async def story() -> list[str]:
        told: list[str] = []
        shutdown = Shutdown(8.0)
        shutdown.at_begin(lambda: told.append("a"))
        assert not shutdown.begun.is_set()
        shutdown.begin()
        shutdown.begin()
        assert shutdown.begun.is_set()
        return told

    assert in_virtual_time(story()) == ["a"]
