"""Two real servers, one of them slower: the difference is found, and none where there is none."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import pytest
from aiohttp import web
from shop_loadtests.capacity import Tried, search
from shop_loadtests.comparison import Comparison, Side, Slice, until_decided
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.run import crew
from shop_loadtests.slices import Version, slices
from shop_loadtests.statistics import Finding
from shop_loadtests.verdict import Kind

pytestmark = pytest.mark.integration

SLICE = Profile("Slice", {"browse": 1}, (Stage(0.5, 80),), ())
TAKES_SECONDS, SLOWER = 0.06, 1.5
MOST_SECONDS = 120
BROWSERS = Source("shop_loadtests.journeys")


@contextmanager
def server(*, seconds: float, seed: int, at_once: int = 10_000) -> Iterator[str]:
    """A server whose answers take so long on average, scattered by dice of a seed, so many at once."""
    dice, loop, served = random.Random(seed), asyncio.new_event_loop(), threading.Event()
    urls: list[str] = []
    places = asyncio.Semaphore(at_once)

    async def answer(_: web.Request) -> web.Response:
        async with places:
            await asyncio.sleep(seconds * dice.lognormvariate(0, 0.1))
        return web.json_response({"items": []})

    def serve() -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(application)
        loop.run_until_complete(runner.setup())
        loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        served.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert served.wait(20)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def believed(measure: Callable[[Side, int], Slice]) -> Callable[[Side, int], Slice]:
    """Take slices as they are: that other programs make visits late here is no matter of this test."""
    return lambda side, seed: replace(measure(side, seed), doubts=())


def compared(*, slower: float, seconds: float) -> Comparison:
    with server(seconds=TAKES_SECONDS, seed=1) as before, server(seconds=TAKES_SECONDS * slower, seed=2) as after:
        versions = {Side.BEFORE: Version(before, {}), Side.AFTER: Version(after, {})}
        with slices(SLICE, versions, source=BROWSERS) as measure:
            *_, last = until_decided(believed(measure), within=0.05, seconds=seconds)
    return last


def test_a_server_that_takes_half_as_long_again_is_worse() -> None:
    comparison = compared(slower=SLOWER, seconds=MOST_SECONDS)

    assert comparison.finding is Finding.WORSE
    assert [one.operation for one in comparison.operations] == ["listCategories"]


def test_a_server_of_the_same_speed_raises_no_alarm() -> None:
    assert compared(slower=1.0, seconds=1).finding in {Finding.SAME, Finding.UNDECIDED}


def test_the_capacity_of_a_server_that_takes_its_time_is_found() -> None:
    """It answers one call at a time in 20 ms: 50 a second and no more, whatever the machine does beside."""
    bounded = Profile("Bounded", {"browse": 1}, (Stage(1, 1),), (Slo("listCategories", p95=1000),))
    with server(seconds=0.02, seed=1, at_once=1) as url, crew(bounded, target=url, source=BROWSERS, data={}) as generators:
        seeds = count(1)

        def attempt(rate: float) -> Tried:
            *_, measured = generators.visits(next(seeds), stages=(Stage(2, rate),))
            p95 = measured.operations["listCategories"].milliseconds(95)
            return Tried(rate, Kind.GREEN if p95 <= 1000 else Kind.RED, p95)

        *_, found = search(attempt, begin=20, to_within=1.0, repeats=1)

    assert found.holds is not None
    assert found.fails is not None
    assert found.holds < 100
    assert found.curve[-1][1] > found.curve[0][1]
