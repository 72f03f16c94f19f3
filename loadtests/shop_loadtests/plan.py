"""What a generator is told, and what it tells: one JSON document a line."""

from __future__ import annotations

from typing import Any

import msgspec

from shop_loadtests.latencies import Recorded
from shop_loadtests.profile import Profile, Stage
from shop_loadtests.watch import Generator


class Source(msgspec.Struct, frozen=True):
    """Where journeys are imported from: a package, which may also lie in `folder`."""

    package: str
    folder: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """The share of a run that one generator makes: worker number `worker`, counted from 0, of `workers`."""

    target: str
    profile: Profile
    source: Source
    data: dict[str, Any] = {}
    worker: int = 0
    workers: int = 1
    users: int = 0
    """How many come again and again in place of the profile's arrivals (a closed model), all generators together."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The generator is loaded and waits for the moment to begin."""


class Begin(msgspec.Struct, frozen=True):
    """All generators begin the visits of `seed` at this moment of the machine's monotonic clock. There may be another one later."""

    at: float
    seed: int
    stages: tuple[Stage, ...] = ()
    """In place of the profile's, where there are any."""


class Interval(msgspec.Struct, frozen=True, tag="interval"):
    """What one generator has measured within some seconds, by operation."""

    measured: dict[str, Recorded]
    generator: Generator
    seconds: float
    is_last: bool
