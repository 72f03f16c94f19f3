"""What a run of load is made of: who comes how often, for how long, and what must hold. Each is a file: teams add theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

EVERY_OPERATION = "*"
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_Kind = TypeVar("_Kind", bound=msgspec.Struct)
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

    @property
    def sentence(self) -> str:
        """The objective in words."""
        bounds = [f"p{percentile:g} at most {bound:g} ms" for percentile, bound in self.latencies.items()]
        bounds += [] if self.failures is None else [f"at most {self.failures:.2%} failed"]
        return f"{self.operation}: {', '.join(bounds)}"

    @property
    def is_empty(self) -> bool:
        return not self.latencies and self.failures is None


class Behind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far consumers of events are behind, or may be: unread `messages` of all, `seconds` that the oldest has waited."""

    messages: _NotNegative | None = None
    seconds: _NotNegative | None = None

    def worst(self, other: Behind) -> Behind:
        """Return the larger of both."""
        return Behind(max(self.messages or 0.0, other.messages or 0.0), max(self.seconds or 0.0, other.seconds or 0.0))


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shape of load: journeys by weight, stages in their order, and the objectives."""

    summary: str
    journeys: dict[str, _Positive]
    stages: tuple[Stage, ...]
    slos: tuple[Slo, ...]
    behind: Behind | None = None
    """How far consumers may be behind at any look."""

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    def paced(self, *, rate: float | None = None, seconds: float | None = None) -> Profile:
        """Return the same with one stage of this rate and time in place of its own; what is None stays as the profile has it."""
        if rate is None and seconds is None:
            return self
        pace = rate if rate is not None else max(stage.last_rate for stage in self.stages)
        return msgspec.structs.replace(self, stages=(Stage(seconds or self.seconds, pace),))


def names(folder: Path | None) -> list[str]:
    """Name the profiles of a folder."""
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder is not None else []


def read(name: str, *, journeys: Sequence[str], folder: Path | None = None) -> Profile:
    """Read a profile of a folder by its name, or a file, and hold it against the journeys there are. Raises ProfileUnusable."""
    try:
        document = yaml.safe_load(_file(name, folder).read_text(encoding="utf-8"))
    except OSError as error:
        there = ", ".join(names(folder)) or "a file of your own: NAME.yaml"
        raise ProfileUnusable(name, [f"it cannot be read ({error.strerror}); there are {there}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProfileUnusable(name, [str(error)]) from error
    if faults := [*_faults_of_form(document), *_faults_of_meaning(document, journeys)]:
        raise ProfileUnusable(name, faults)
    return msgspec.convert(document, Profile)


def _file(name: str, folder: Path | None) -> Path:
    return Path(name) if folder is None or name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"


def _faults_of_form(document: object) -> Iterator[str]:
    validator = Draft202012Validator(msgspec.json.schema(Profile))
    for error in sorted(validator.iter_errors(document), key=lambda one: one.json_path):
        cause = best_match([error])
        yield f"{cause.json_path.removeprefix('$.')}: {cause.message}" if cause is not None else error.message


def _faults_of_meaning(document: object, journeys: Sequence[str]) -> Iterator[str]:
    wanted, stages, slos = (_part(document, key) for key in ("journeys", "stages", "slos"))
    if wanted in ({}, []):
        yield "it names no journey"
    if isinstance(wanted, dict):
        yield from (f"there is no journey {one}; there are {', '.join(journeys)}" for one in wanted if one not in journeys)
    readable = [*_readable(stages, Stage)]
    if len(readable) == len(stages) and not any(stage.rate or stage.last_rate for stage in readable):
        yield "no stage has a visitor"
    yield from (f"the objective for {one.operation} says nothing" for one in _readable(slos, Slo) if one.is_empty)


def _part(document: object, key: str) -> Collection[object]:
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, dict | list) else ()


def _readable(items: Collection[object], kind: type[_Kind]) -> Iterator[_Kind]:
    for item in items:
        with suppress(msgspec.ValidationError):  # told as a fault of form
            yield msgspec.convert(item, kind)
