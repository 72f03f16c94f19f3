"""The sandbox's time: real time, moved by what one small file says.

Services map the file (they find it by SHOP_CLOCK_FILE) and see a change at once, in every language and engine alike: eight bytes,
a signed little-endian number of milliseconds to add to real time. It lies with the data and shares its fate, since what the stores
hold was dated by it.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError

OFFSET = struct.Struct("<q")
LONGEST_SECONDS = 100 * 366 * 24 * 3600.0
"""A hundred years: beyond them dates no longer fit everywhere."""


class ClockFile:
    """Reads and moves the time of one sandbox. Safe to use by several processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ensure(self) -> None:
        """Make the file where there is none: time is real then."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            pass

    def offset_seconds(self) -> float:
        """Return how far the sandbox is ahead of real time; 0 where nobody ever moved it."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return 0.0
        return _offset(content, self.path) / 1000

    def advance(self, seconds: float) -> float:
        """Move time forward. Returns how far the sandbox is ahead now. Raises SandboxError (CLOCK_REFUSED)."""
        with self._locked() as descriptor:
            moved = _offset(os.pread(descriptor, OFFSET.size, 0), self.path) + round(seconds * 1000)
            if not seconds > 0 or moved > LONGEST_SECONDS * 1000:
                raise SandboxError(
                    ErrorCode.CLOCK_REFUSED,
                    f"the clock cannot be moved by {seconds:g} s: only forward, and a hundred years in all at most",
                    actions=("`shop-dev clock reset` goes back to real time",),
                )
            os.pwrite(descriptor, OFFSET.pack(moved), 0)
            return moved / 1000

    def reset(self) -> None:
        """Go back to real time."""
        with self._locked() as descriptor:
            os.pwrite(descriptor, OFFSET.pack(0), 0)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Give the file open for one writer at a time, eight bytes long. It is changed in place: others have it mapped."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size == 0:
                os.pwrite(descriptor, OFFSET.pack(0), 0)
            yield descriptor
        finally:
            os.close(descriptor)


def _offset(content: bytes, path: Path) -> int:
    if len(content) != OFFSET.size:
        raise SandboxError(
            ErrorCode.CLOCK_REFUSED,
            f"{path} is no clock: it holds {len(content)} bytes, not {OFFSET.size}",
            actions=(f"remove {path}: time is real again then",),
        )
    (milliseconds,) = OFFSET.unpack(content)
    return int(milliseconds)
