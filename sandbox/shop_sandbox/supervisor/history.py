"""One JSON line a start: the timings to compare the next one with."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from shop_sandbox.events import CriticalStep

_VERSION = 1


class Start(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A start that ended well. `resources` are seconds from the moment a resource's needs were met to its readiness."""

    version: int = _VERSION
    at: float
    seconds: float
    generation: int
    resources: dict[str, float]
    critical_path: tuple[CriticalStep, ...]


def append(path: Path, start: Start) -> None:
    """Add a line. A disk that is full loses the line, not the sandbox."""
    with contextlib.suppress(OSError), path.open("ab") as file:
        file.write(msgspec.json.encode(start) + b"\n")


def read(path: Path) -> list[Start]:
    """Give all starts, oldest first; a line cut short by a crash, or in the form of another version, is left out."""
    starts = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with contextlib.suppress(msgspec.DecodeError):
            starts.append(msgspec.json.decode(line, type=Start))
    return [start for start in starts if start.version == _VERSION]
