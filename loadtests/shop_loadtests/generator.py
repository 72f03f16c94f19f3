"""`python -m shop_loadtests.generator`: makes the visits of a plan, in a process of its own, since gevent patches sockets.

It speaks in lines of JSON: it reads a Plan, says that it is Ready, reads when to Begin, and then tells an Interval each second;
when the last visit has ended it may be told to begin anew.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress

import gevent.monkey

gevent.monkey.patch_all()

import random  # noqa: E402 - patched first, as gevent demands
import resource  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
import msgspec  # noqa: E402
from gevent.pool import Group  # noqa: E402
from locust.contrib.fasthttp import FastHttpSession  # noqa: E402
from locust.env import Environment  # noqa: E402

from shop_loadtests.claims import Claims  # noqa: E402
from shop_loadtests.journey import Journey, journeys_of  # noqa: E402
from shop_loadtests.latencies import Latencies  # noqa: E402
from shop_loadtests.plan import Begin, Interval, Plan, Ready  # noqa: E402
from shop_loadtests.schedule import arrivals  # noqa: E402
from shop_loadtests.verdict import LATE_SECONDS  # noqa: E402
from shop_loadtests.visitor import Answer, Refused, Visitor  # noqa: E402
from shop_loadtests.watch import Generator  # noqa: E402

CONNECTIONS = 10_000
"""More than ever are open: a call that waited for a connection would be late, and nobody would see it."""
INTERVAL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""How long the last visits may take when no more begin."""
MOST_FAULTS = 5


class Crowd:
    """All visits of one generator."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        there = journeys_of(plan.source.package, folder=Path(plan.source.folder) if plan.source.folder else None).visits
        self._journeys: Mapping[str, Journey] = {name: there[name] for name in plan.profile.journeys}
        self._session = FastHttpSession(plan.target, Environment().events.request, user=None, concurrency=CONNECTIONS)
        self._session.client.cookiejar = None  # it is one for all: a visitor would show what was given to another
        self._claims = Claims(plan.data, worker=plan.worker, workers=plan.workers)
        self._visits = Group()
        self._measured: dict[str, Latencies] = defaultdict(Latencies)  # made once each: a histogram costs more than a call
        self._began = self._late = 0
        self._faults: list[str] = []
        self._cpu = _cpu_seconds()

    def come(self, begin: Begin) -> None:
        """Let all visits begin at their moments and return when the last has ended, or was waited for long enough."""
        if self._plan.users:
            self._come_again(begin)
        else:
            self._come_when_due(begin)
        self._visits.join(timeout=PATIENCE_SECONDS)

    def _come_when_due(self, begin: Begin) -> None:
        plan = self._plan
        dice = random.Random(f"{begin.seed}/{plan.worker}")  # noqa: S311  # nosec B311 # repeatable, not secret
        names, weights = [*plan.profile.journeys], [*plan.profile.journeys.values()]
        for moment in arrivals(begin.stages or plan.profile.stages, seed=begin.seed, worker=plan.worker, workers=plan.workers):
            due = begin.at + moment
            gevent.sleep(max(due - time.monotonic(), 0.0))
            own = random.Random(dice.getrandbits(64))  # noqa: S311  # nosec B311 # as above
            visitor = Visitor(self._send, self._record, due=due, dice=own, data=plan.data, claims=self._claims)
            self._visits.spawn(self._visit, self._journeys[dice.choices(names, weights)[0]], visitor, due)

    def _come_again(self, begin: Begin) -> None:
        """Let users come: each begins a visit when the one before has ended, until the profile's time is over."""
        plan = self._plan
        end = begin.at + sum(stage.seconds for stage in begin.stages or plan.profile.stages)
        for number in range(plan.worker, plan.users, plan.workers):
            self._visits.spawn(self._one_user, random.Random(f"{begin.seed}/{number}"), end)  # noqa: S311  # nosec B311 # as above
        gevent.sleep(max(end - time.monotonic(), 0.0))

    def _one_user(self, dice: random.Random, end: float) -> None:
        names, weights = [*self._plan.profile.journeys], [*self._plan.profile.journeys.values()]
        while (now := time.monotonic()) < end:
            visitor = Visitor(self._send, self._record, due=now, dice=dice, data=self._plan.data, claims=self._claims)
            self._visit(self._journeys[dice.choices(names, weights)[0]], visitor, now)
            gevent.sleep(0)  # a visit that calls nothing must not stop all others

    def interval(self, *, seconds: float, is_last: bool = False) -> Interval:
        """Return what was measured since this was last asked."""
        measured, self._measured = self._measured, defaultdict(Latencies)
        cpu, self._cpu = self._cpu, _cpu_seconds()
        watched = Generator(
            visits=self._began,
            late=self._late,
            unfinished=len(self._visits) if is_last else 0,
            cpu=(self._cpu - cpu) / max(seconds, INTERVAL_SECONDS),
            faults=tuple(self._faults),
        )
        self._began, self._late, self._faults = 0, 0, []
        if is_last:
            self._visits.kill(block=False)
        return Interval({name: latencies.recorded() for name, latencies in measured.items()}, watched, seconds, is_last)

    def _visit(self, journey: Journey, visitor: Visitor, due: float) -> None:
        self._began += 1
        self._late += time.monotonic() - due > LATE_SECONDS
        try:
            journey(visitor)
        except Refused:
            pass  # counted as a failed call
        except Exception as fault:  # noqa: BLE001 - a journey may be anybody's code: its faults make the run invalid
            if len(self._faults) < MOST_FAULTS:
                self._faults.append(f"{type(fault).__name__}: {fault}")

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        return self._session.request(method, path, data=body, headers=dict(headers), allow_redirects=False)

    def _record(self, operation: str, seconds: float, failure: str | None) -> None:
        self._measured[operation].record(seconds, failure)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _intervals(crowd: Crowd, visits: gevent.Greenlet[..., None]) -> Iterator[Interval]:
    since = time.monotonic()
    while True:
        visits.join(timeout=INTERVAL_SECONDS)
        now = time.monotonic()
        yield crowd.interval(seconds=now - since, is_last=visits.ready())
        if visits.ready():
            return
        since = now


def main() -> None:
    """Make the visits that stdin asks for."""
    plan = msgspec.json.decode(sys.stdin.readline(), type=Plan)
    crowd = Crowd(plan)
    _say(Ready())
    while line := sys.stdin.readline():
        begin = msgspec.json.decode(line, type=Begin)
        gevent.sleep(max(begin.at - time.monotonic(), 0.0))
        for interval in _intervals(crowd, gevent.spawn(crowd.come, begin)):
            _say(interval)


def _say(line: Ready | Interval) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, BrokenPipeError):
        main()
