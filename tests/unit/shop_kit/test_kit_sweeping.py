"""What a sweep promises whoever is due."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from shop_kit.errors import Unavailable
from shop_kit.sweeping import Sweeper
from shop_kit.testing.clock import HandClock

pytestmark = pytest.mark.anyio


class Timers:
    """Timers that are due until they are taken up; some cannot be, and some not now."""

    def __init__(self, *due: str, unreadable: frozenset[str] = frozenset(), away: frozenset[str] = frozenset()) -> None:
        self.waiting = list(due)
        self.unreadable, self.away = unreadable, away
        self.tried: list[str] = []
        self.clock = HandClock()
        self.sweeper = Sweeper("timers", due=self._due, take_up=self._take_up, clock=self.clock, at_once=2)

    async def _due(self) -> AsyncIterator[str]:
        for one in list(self.waiting):
            yield one

    async def _take_up(self, one: str) -> None:
        self.tried.append(one)
        if one in self.unreadable:
            raise LookupError(one)
        if one in self.away:
            raise Unavailable("store", "down")
        self.waiting.remove(one)


async def test_all_that_is_due_is_taken_up_in_one_sweep() -> None:
    timers = Timers("a", "b", "c", "d", "e")

    assert await timers.sweeper.sweep() == 5

    assert timers.waiting == []


@pytest.mark.parametrize("fault", ["unreadable", "away"])
async def test_one_that_cannot_be_taken_up_stops_none_of_the_others(fault: str) -> None:
    timers = Timers("bad", "a", "b", "c", **{fault: frozenset({"bad"})})

    assert await timers.sweeper.sweep() == 3

    assert timers.waiting == ["bad"]


async def test_what_cannot_be_read_is_tried_again_ever_later() -> None:
    timers = Timers("bad", unreadable=frozenset({"bad"}))
    tried_after = []

    for second in range(32):
        before = len(timers.tried)
        await timers.sweeper.sweep()
        if len(timers.tried) > before:
            tried_after.append(second)
        timers.clock.pass_by(1)

    assert tried_after == [0, 2, 6, 14, 30]


async def test_what_is_only_away_is_tried_again_soon_and_found_when_it_is_back() -> None:
    timers = Timers("a", away=frozenset({"a"}))
    for _ in range(20):
        await timers.sweeper.sweep()
        timers.clock.pass_by(1)

    timers.away = frozenset()
    assert (await timers.sweeper.sweep(), timers.waiting) == (1, [])
    assert len(timers.tried) == 11


async def test_nothing_is_remembered_of_what_is_not_due_any_more() -> None:
    timers = Timers("a", unreadable=frozenset({"a"}))
    await timers.sweeper.sweep()
    timers.waiting.clear()
    await timers.sweeper.sweep()

    timers.waiting, timers.unreadable = ["a"], frozenset()

    assert await timers.sweeper.sweep() == 1
