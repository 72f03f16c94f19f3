"""What a run of load is made of: who comes how often, for how long, and what must hold. Each is a file: teams add theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

PROFILES = Path(__file__).with_name("profiles")
EVERY_OPERATION = "*"
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ProfileUnusable(Exception):
    """A profile cannot be used; `faults` has a sentence for each reason, all at once."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        super().__init__(f"profile {name}: {'; '.join(faults)}")
        self.faults = tuple(faults)


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some time with `rate` visits a second on average, or with a rate that moves evenly from `rate` to `until`."""

    seconds: _Positive
    rate: _NotNegative
    until: _NotNegative | None = None

    @property
    def last_rate(self) -> float:
        return self.rate if self.until is None else self.until


class Slo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What must hold of an operation, or of all of them (`*`): latencies in milliseconds, and the share of calls that may fail."""

    operation: str
    p50: _Positive | None = None
    p95: _Positive | None = None
    p99: _Positive | None = None
    failures: _Share | None = None

    @property
    def latencies(self) -> dict[float, float]:
        """Milliseconds by percentile."""
        bounds = {50.0: self.p50, 95.0: self.p95, 99.0: self.p99}
        return {percentile: bound for percentile, bound in bounds.items() if bound is not None}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shape of load: journeys by weight, stages in their order, and the objectives."""

    summary: str
    journeys: dict[str, _Positive]
    stages: tuple[Stage, ...]
    slos: tuple[Slo, ...]

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def paced(self, *, rate: float | None = None, seconds: float | None = None) -> Profile:
        """Return the same with one stage of this rate and time in place of its own; what is None stays as the profile has it."""
        if rate is None and seconds is None:
            return self
        pace = rate if rate is not None else max(stage.last_rate for stage in self.stages)
        return msgspec.structs.replace(self, stages=(Stage(seconds or self.seconds, pace),))


def names() -> list[str]:
    """Name the profiles that come with the shop."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def read(name: str, journeys: Sequence[str]) -> Profile:
    """Read a profile by its name, or a file of one's own, and hold it against the journeys there are. Raises ProfileUnusable."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else PROFILES / f"{name}.yaml"
    try:
        profile = msgspec.convert(yaml.safe_load(path.read_text()), Profile)
    except FileNotFoundError as error:
        raise ProfileUnusable(name, [f"there is no such file; those of the shop are {', '.join(names())}"]) from error
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ProfileUnusable(name, [str(error)]) from error
    if faults := [*_faults(profile, journeys)]:
        raise ProfileUnusable(name, faults)
    return profile


def _faults(profile: Profile, journeys: Sequence[str]) -> Iterator[str]:
    if not profile.journeys:
        yield "it names no journey"
    yield from (f"there is no journey {one}; there are {', '.join(journeys)}" for one in profile.journeys if one not in journeys)
    if not any(stage.rate or stage.last_rate for stage in profile.stages):
        yield "no stage has a visitor"
    yield from (
        f"the objective for {one.operation} says nothing" for one in profile.slos if not one.latencies and one.failures is None
    )
