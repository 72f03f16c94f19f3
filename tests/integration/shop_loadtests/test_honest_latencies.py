"""A run against a server whose pauses are known: what visitors had to wait is what is reported."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import pytest
from aiohttp import web
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.run import GeneratorLost, Measured, run
from shop_loadtests.schedule import arrivals
from shop_loadtests.verdict import Kind

pytestmark = pytest.mark.integration

RATE, SECONDS, SEED = 40.0, 5.0, 7
FROZEN_SECONDS = 2.0
OPERATION = "listCategories"
BROWSERS = Source("shop_loadtests.journeys")


@dataclass
class Server:
    """Answers everything with no categories; stands still as a whole at call number `freezes_at`, is away from `dies_at` on."""

    freezes_at: int | None = None
    dies_at: int | None = None
    status: int = 200
    body: Mapping[str, object] = field(default_factory=lambda: {"items": []})
    url: str = ""
    calls: int = 0
    cookies: int = 0
    frozen: tuple[float, float] | None = None
    _site: web.TCPSite | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    async def answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.calls == self.dies_at and self._site is not None:
            await self._site.stop()
        if self.dies_at is not None and self.calls >= self.dies_at and request.transport is not None:
            request.transport.abort()  # connections that are open end with it
        if self.calls == self.freezes_at:
            began = time.monotonic()
            time.sleep(FROZEN_SECONDS)  # noqa: ASYNC251 - nobody gets an answer meanwhile: that is the point
            self.frozen = (began, time.monotonic())
        self.cookies += len(request.cookies)
        answer = web.json_response(self.body, status=self.status)
        answer.set_cookie("visitor", str(self.calls))
        return answer

    @contextmanager
    def serving(self) -> Iterator[Server]:
        served = threading.Event()
        thread = threading.Thread(target=self._serve, args=(served,))
        thread.start()
        try:
            assert served.wait(20)
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    def _serve(self, served: threading.Event) -> None:
        application = web.Application()
        application.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(application)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self._site = site
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        served.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()


def profile(*slos: Slo, rate: float = RATE) -> Profile:
    return Profile("Known", {"browse": 1}, (Stage(SECONDS, rate),), slos)


def run_to_its_end(server: Server, of: Profile, *, workers: int = 1) -> Measured:
    *_, measured = run(of, target=server.url, source=BROWSERS, data={}, seed=SEED, workers=workers)
    return measured


def test_a_pause_counts_for_everybody_who_should_have_been_served_in_it() -> None:
    with Server(freezes_at=60).serving() as server:
        measured = run_to_its_end(server, profile())

    latencies = measured.operations[OPERATION]
    moments = [*arrivals([Stage(SECONDS, RATE)], seed=SEED)]
    frozen_at = moments[59]
    waited = sorted(frozen_at + FROZEN_SECONDS - moment for moment in moments if frozen_at <= moment < frozen_at + FROZEN_SECONDS)
    assert latencies.count == len(moments)
    for share in (25, 50, 75):  # of those in the pause: each waited for its end at least, from when they should have begun
        behind = sum(1 for one in waited if one >= waited[len(waited) * share // 100])
        percentile = 100 * (1 - behind / len(moments))
        assert latencies.milliseconds(percentile + 0.5) >= 990 * waited[len(waited) * share // 100]


def test_workers_make_together_what_one_would_make() -> None:
    with Server().serving() as server:
        measured = run_to_its_end(server, profile(), workers=2)

    assert measured.operations[OPERATION].count == server.calls == len([*arrivals([Stage(SECONDS, RATE)], seed=SEED)])
    assert server.cookies == 0  # no visitor shows the cookie of another


def test_failed_calls_are_counted_by_what_was_answered_and_miss_the_objective() -> None:
    few = profile(Slo("*", failures=0.5), rate=4)
    with Server(status=503).serving() as server:
        measured = run_to_its_end(server, few)

    latencies = measured.operations[OPERATION]
    assert dict(latencies.failures) == {"HTTP 503": latencies.count}
    assert measured.verdict(few).kind is not Kind.GREEN


def test_a_target_that_is_away_is_a_failed_call_without_an_answer() -> None:
    with Server().serving() as server:
        gone = server
    measured = run_to_its_end(gone, profile(rate=4))

    assert set(measured.operations[OPERATION].failures) == {"no answer"}


def test_a_target_that_dies_midway_is_red_without_any_objective() -> None:
    none = Profile("Dying", {"browse": 1}, (Stage(2, 20),), ())
    with Server(dies_at=10).serving() as server:
        measured = run_to_its_end(server, none)

    assert measured.operations[OPERATION].failures["no answer"] >= measured.operations[OPERATION].count - 10
    verdict = measured.verdict(none)
    assert (verdict.kind is Kind.RED and "the target was away" in verdict.reasons[0]) or verdict.kind is Kind.INVALID


def test_users_of_a_closed_model_wait_for_each_other_and_hide_a_pause() -> None:
    """The same pause as above: three users wait for it once each, and nobody else shows up in the figures."""
    with Server(freezes_at=60).serving() as server:
        measuring = run(profile(), target=server.url, source=BROWSERS, data={}, seed=SEED, users=3)
        measured = deque(measuring, maxlen=1)[0]

    latencies = measured.operations[OPERATION]
    assert latencies.count == server.calls > 60
    assert latencies.milliseconds(100) >= 990 * FROZEN_SECONDS
    assert sum(latencies.milliseconds(100 * (1 - one / latencies.count)) >= 990 * FROZEN_SECONDS for one in range(5)) <= 3


def test_a_worker_that_is_lost_midway_is_said_and_nothing_is_believed() -> None:
    with Server().serving() as server:
        measuring = run(profile(), target=server.url, source=BROWSERS, data={}, seed=SEED, workers=2)
        next(measuring)
        alive = (one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE)  # other tests leave some
        lost = next(one for one in alive if "shop_loadtests.generator" in one.cmdline())
        lost.kill()
        with pytest.raises(GeneratorLost, match="ended before its time"):
            deque(measuring, maxlen=0)


def test_a_journey_that_stumbles_over_an_answer_makes_the_run_invalid() -> None:
    few = Profile("Faulty", {"browse": 1}, (Stage(1, 4),), ())
    with Server(body={}).serving() as server:
        verdict = run_to_its_end(server, few).verdict(few)

    assert verdict.kind is Kind.INVALID
    assert "a visit ended with a fault of its own: KeyError: 'items'" in verdict.reasons


def test_a_generator_that_is_asked_for_too_much_says_that_its_figures_are_its_own() -> None:
    much = Profile("Much", {"browse": 1}, (Stage(1, 8000),), (Slo(OPERATION, p99=1),))
    with Server().serving() as server:
        verdict = run_to_its_end(server, much).verdict(much)

    assert verdict.kind is Kind.INVALID
    assert "the generator did not keep up" in verdict.reasons[0]


def test_a_generator_that_ends_before_its_time_makes_no_figures() -> None:
    with Server().serving() as server, pytest.raises(GeneratorLost, match="generator 0 ended before its time"):
        run_to_its_end(server, Profile("Unknown", {"no-such-journey": 1}, (Stage(1, 1),), ()))
