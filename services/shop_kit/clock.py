"""Time as a port: domain rules take a moment as a value, adapters take a clock.

A sandbox can move its services' time forward: it names a file in SHOP_CLOCK_FILE, and every process of the sandbox that reads it
agrees at once. What runs on real time all the same: stores, brokers, certificates, signatures for AWS, time-outs and retries.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shop_kit.errors import KitError

OFFSET = struct.Struct("<q")
"""What the clock file holds: milliseconds to add to real time, signed, 64 bits, little-endian."""


class ClockUnreadable(KitError):
    """The file that moves this service's time is missing or holds something else."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()


class SandboxClock:
    """The machine's clock moved by what a file says at this moment.

    The file is mapped, so that asking costs no call into the system. Raises ClockUnreadable when it is no clock file.
    """

    def __init__(self, file: Path) -> None:
        try:
            with file.open("rb") as opened:
                self._offset = mmap.mmap(opened.fileno(), OFFSET.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ClockUnreadable(f"SHOP_CLOCK_FILE names {file}, which cannot be read as a clock: {error}") from error

    def now(self) -> float:
        """Return seconds since the epoch, as this sandbox counts them."""
        (milliseconds,) = OFFSET.unpack_from(self._offset)
        return time.time() + float(milliseconds) / 1000


def clock_of(file: str | None) -> Clock:
    """Return the clock of a sandbox that moves time, or the machine's. Raises ClockUnreadable."""
    return SandboxClock(Path(file)) if file else SystemClock()


def moment(clock: Clock) -> datetime:
    """Return what the clock says, with its time zone."""
    return datetime.fromtimestamp(clock.now(), UTC)
