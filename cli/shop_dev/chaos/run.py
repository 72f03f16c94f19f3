"""Load with a storm, the books after it, and the shortest schedule that still breaks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shop_loadtests.run import Measured
from shop_sandbox.chaos.control import Control
from shop_sandbox.chaos.fault import AnyFault, Kill, Pause

from shop_dev.chaos.books import BookKeeper, Verdict, Visits
from shop_dev.chaos.parts import Parts
from shop_dev.chaos.schedule import Schedule, of_seed, read
from shop_dev.chaos.shrinking import shrunk
from shop_dev.chaos.storm import Storm, Struck
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.insight import Insight, Watching
from shop_dev.loading.run import Load

CHAOS = "chaos"


@dataclass(frozen=True)
class Outcome:
    """What a run under a schedule has found."""

    load: Load
    schedule: Schedule
    struck: tuple[Struck, ...]
    verdict: Verdict
    insight: Insight | None = None


@dataclass(frozen=True)
class Chaos:
    """A sandbox that may be struck, and its books."""

    parts: Parts
    control: Control | None
    books: BookKeeper
    watch: Callable[[], Watching]

    def schedule(self, path: Path | None, seed: int | None, seconds: float) -> Schedule:
        """Read the schedule of a file, or make that of a seed. Raises ShopDevError (schedule_invalid, chaos_missing)."""
        targets = self.parts.targets()
        found = read(path) if path is not None else of_seed(seed or 0, seconds, targets)
        if self.control is None and (through := [one for one in found.faults if not isinstance(one, Kill | Pause)]):
            raise ShopDevError(
                CliCode.CHAOS_MISSING, f"{len(through)} faults strike between services, and this sandbox runs without proxies."
            )
        callees = {name for way in targets.ways for name in (way, way.rpartition("->")[2].partition(".")[0])}
        unknown = [
            fault.target
            for fault in found.faults
            if fault.target not in (targets.processes if isinstance(fault, Kill | Pause) else callees)
        ]
        if unknown:
            known = ", ".join((*targets.processes, *targets.ways))
            raise ShopDevError(CliCode.SCHEDULE_INVALID, f"this sandbox has no {', '.join(dict.fromkeys(unknown))}; it has {known}")
        return found

    def run(self, load: Load, schedule: Schedule, *, show: Callable[[Measured], None], looks: bool = True) -> Outcome:
        """Make the visits while the storm rages, then read the books; with `looks` also see where the time went.

        Raises ShopDevError (load_broken, books_unreadable).
        """
        opened = self.books.open()
        watching = self.watch() if looks else None
        storm = Storm(schedule, self.parts, self.control)
        for measured in _with_storm(load, storm):
            show(measured)
        insight = watching.insight() if watching is not None else None
        self.parts.until_calm()
        visitors = {name: Visits(one.count, one.failures.total()) for name, one in load.measured.operations.items()}
        return Outcome(load, schedule, tuple(storm.struck), self.books.close(opened, visitors), insight)

    def shortest(self, outcome: Outcome, *, most_tries: int, show: Callable[[str], None]) -> Schedule:
        """Return the shortest schedule that was found to break the books as well. Each try is a run of its own."""

        def fails(faults: Sequence[AnyFault]) -> bool:
            load = replace(outcome.load, measured=Measured())
            tried = self.run(load, outcome.schedule.with_faults(faults), show=lambda _: None, looks=False)
            show(f"{len(faults)} of {len(outcome.schedule.faults)} faults: {'wrong' if tried.verdict.wrong else 'right'}")
            return bool(tried.verdict.wrong)

        return outcome.schedule.with_faults(shrunk(outcome.schedule.faults, fails, most_tries=most_tries))


def _with_storm(load: Load, storm: Storm) -> Iterator[Measured]:
    """The storm begins when the first visits have."""
    measuring = load.measuring()
    yield from (first for first in [next(measuring, None)] if first is not None)
    with storm.raging():
        yield from measuring
