"""Finding out how much a target bears."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from shop_loadtests.capacity import Capacity, Tried, search
from shop_loadtests.latencies import Latencies
from shop_loadtests.profile import Stage
from shop_loadtests.run import GeneratorLost, Measured, crew

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.run import Load

ATTEMPT_SECONDS = 10.0
FIRST_RATE = 2.0


def finding_capacity(load: Load, *, begin: float, seconds: float, to_within: float) -> Iterator[Capacity]:
    """Try rates of even arrivals against the objectives of a run's profile. Raises ShopDevError (usage_invalid, load_broken)."""
    if not load.profile.slos:
        raise ShopDevError(CliCode.USAGE_INVALID, "A profile without objectives has no capacity: any rate would do.")
    seeds = count(load.seed)
    try:
        with crew(load.profile, target=load.target, source=load.source, data=load.data, workers=load.workers) as generators:

            def attempt(rate: float) -> Tried:
                *_, measured = generators.visits(next(seeds), stages=(Stage(seconds, rate),))
                return _tried(rate, measured, load)

            yield from search(attempt, begin=begin, to_within=to_within)
    except GeneratorLost as error:
        raise ShopDevError(CliCode.LOAD_BROKEN, f"{error}: the search is not believed.") from error


def _tried(rate: float, measured: Measured, load: Load) -> Tried:
    whole = Latencies()
    for one in measured.operations.values():
        whole.add(one.recorded())
    verdict = measured.verdict(load.profile)
    return Tried(rate, verdict.kind, whole.milliseconds(95.0), verdict.reasons)
