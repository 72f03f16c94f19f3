"""Schedules of faults: read from a file, or made by a seed; written so that they can be played again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import yaml
from shop_sandbox.chaos.fault import AnyFault, Bandwidth, Duplicate, Kill, Latency, Pause, Reorder, Reset, Status, Throttle

from shop_dev.errors import CliCode, ShopDevError

_FAULTS_EACH_SECONDS = 5.0
_LONGEST_SECONDS = 4.0
_ALL_QUIET_SHARE = 0.15
"""Nothing begins in the last part of a run: what it did to visitors is to be seen."""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults in the order of their beginning. `seed` made it, where one did."""

    faults: tuple[AnyFault, ...]
    summary: str = ""
    seed: int | None = None

    def with_faults(self, faults: Sequence[AnyFault]) -> Schedule:
        """Return the same with other faults."""
        return msgspec.structs.replace(self, faults=tuple(faults))

    def write(self, path: Path) -> None:
        """Keep it for a replay. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(msgspec.to_builtins(self), sort_keys=False, allow_unicode=True))


class Targets(msgspec.Struct, frozen=True):
    """What may be struck in a sandbox: processes by name, and ways between them (`orders->kafka`) by what they lead to."""

    processes: tuple[str, ...]
    ways: tuple[str, ...] = ()


def read(path: Path) -> Schedule:
    """Read a schedule. Raises ShopDevError (schedule_invalid)."""
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text()), Schedule)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ShopDevError(CliCode.SCHEDULE_INVALID, f"{path} is no schedule of faults: {error}") from error
    if not found.faults:
        raise ShopDevError(CliCode.SCHEDULE_INVALID, f"{path} has no fault.")
    return found.with_faults(sorted(found.faults, key=lambda fault: fault.start))


def of_seed(seed: int, seconds: float, targets: Targets) -> Schedule:
    """Make a schedule for a run of so many seconds; the same one for a seed and a sandbox of the same parts."""
    dice = random.Random(seed)  # noqa: S311  # nosec B311 # repeatable, not secret
    count = max(1, round(seconds / _FAULTS_EACH_SECONDS))
    starts = sorted(round(dice.uniform(0.0, seconds * (1 - _ALL_QUIET_SHARE)), 3) for _ in range(count))
    return Schedule(tuple(_fault(dice, start, targets) for start in starts), f"Of seed {seed}.", seed)


def _fault(dice: random.Random, start: float, targets: Targets) -> AnyFault:
    length = round(dice.uniform(0.3, _LONGEST_SECONDS), 3)
    if not targets.ways or dice.random() < 1 / 3:
        target = dice.choice(targets.processes)
        return Kill(target=target, start=start) if dice.random() < 1 / 2 else Pause(target=target, start=start, seconds=length)
    way = dice.choice(targets.ways)
    target = way if dice.random() < 1 / 2 else way.rpartition("->")[2].partition(".")[0]
    return dice.choice(_OF_PROTOCOL.get(target.rpartition("->")[2], _OF_SERVICE))(dice, target, start, length)


_Make = Callable[[random.Random, str, float, float], AnyFault]


def _latency(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Latency(target=target, start=start, seconds=seconds, milliseconds=round(dice.uniform(20, 600)), jitter=100.0)


def _bandwidth(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Bandwidth(target=target, start=start, seconds=seconds, kib_per_second=round(dice.uniform(8, 256)))


def _reset(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Reset(target=target, start=start, seconds=round(seconds * dice.random(), 3))


def _duplicate(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Duplicate(target=target, start=start, seconds=seconds, share=round(dice.uniform(0.2, 1.0), 2))


def _reorder(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Reorder(target=target, start=start, seconds=seconds, milliseconds=round(dice.uniform(50, 500)))


def _status(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    share, lost = round(dice.uniform(0.2, 1.0), 2), dice.random() < 1 / 2
    return Status(target=target, start=start, seconds=seconds, share=share, lost_answer=lost)


def _throttle(dice: random.Random, target: str, start: float, seconds: float) -> AnyFault:
    return Throttle(target=target, start=start, seconds=seconds, share=round(dice.uniform(0.2, 1.0), 2))


_OF_STORE: tuple[_Make, ...] = (_latency, _bandwidth, _reset)
_OF_SERVICE: tuple[_Make, ...] = (_latency, _bandwidth, _reset, _status, _duplicate)
_OF_PROTOCOL: dict[str, tuple[_Make, ...]] = {
    "kafka": (*_OF_STORE, _duplicate, _reorder),
    "aws": (*_OF_STORE, _throttle, _status),
    "postgres": _OF_STORE,
    "redis": _OF_STORE,
}
