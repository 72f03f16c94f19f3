"""The files of one log, and stretches of them: found by time or from the end, without reading what lies before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.logs.stamps import stamped_at

_MOST_FILES = 12
_READ_BYTES = 1 << 18
_CLOCK_SLACK_SECONDS = 5.0
"""Clocks are set back now and then, so that stamps do not quite ascend: a search by time begins this much earlier."""


def rotated(path: Path, number: int) -> Path:
    """Return where the file that was at `path` is after so many rotations."""
    return path.with_name(f"{path.name}.{number}")


@dataclass(frozen=True)
class Stretch:
    """Bytes `begin` to `end` of an open log file, whole lines of it."""

    file: BinaryIO
    begin: int
    end: int
    changed_at: float
    """When the file was last written to, in seconds since the epoch."""
    inode: int

    def lines(self) -> Iterator[bytes]:
        """Give the lines without their ends."""
        at = self.begin
        while at < self.end:
            self.file.seek(at)
            lines = self.file.readlines(_READ_BYTES)
            if not lines:  # somebody has cut the file short
                return
            for line in lines:
                if at >= self.end:
                    return
                at += len(line)
                yield line.rstrip(b"\n")

    def since(self, at: float) -> Stretch:
        """Return the part from `at` on, found by halving; a little of what was said before is in it too."""
        wanted = at - _CLOCK_SLACK_SECONDS
        if self.changed_at < wanted:
            return replace(self, begin=self.end)
        low, high = self.begin, self.end
        while low < high:
            middle = (low + high) // 2
            found = self._stamped_line_from(middle, high)
            if found is None:
                high = middle
            elif found[0] < wanted:
                low = found[1]
            else:
                high = middle
        return replace(self, begin=self._line_start(low))

    def last(self, size: int) -> Stretch:
        """Return the part that begins with a whole line at most `size` bytes before the end."""
        return replace(self, begin=self._line_start(max(self.begin, self.end - size)))

    def _stamped_line_from(self, offset: int, limit: int) -> tuple[float, int] | None:
        """Return time and end of the first stamped line that begins at or after `offset` and before `limit`."""
        at = self._line_start(offset)
        while at < limit:
            self.file.seek(at)
            line = self.file.readline()
            stamped = stamped_at(line)
            if stamped is not None:
                return stamped, at + len(line)
            at += len(line)
        return None

    def _line_start(self, offset: int) -> int:
        """Return `offset` if a line begins there, else where the next one does."""
        if offset <= 0:
            return 0
        self.file.seek(offset - 1)
        return offset - 1 + len(self.file.readline())


def open_log(path: Path, opened: ExitStack) -> list[Stretch]:
    """Open a log and its rotated predecessors, oldest first; they stay open until `opened` ends, whatever rotation does.

    Raises SandboxError (LOG_UNREADABLE).
    """
    found: dict[int, Stretch] = {}
    for number in range(_MOST_FILES):  # newest first: a rotation meanwhile shows a file twice, never not at all
        stretch = _open(rotated(path, number) if number else path, opened)
        if stretch is not None:
            found.setdefault(stretch.inode, stretch)
        elif number:
            break
    return list(reversed(found.values()))


def last_of(stretches: Sequence[Stretch], size: int) -> list[Stretch]:
    """Return what is in the last `size` bytes of these files."""
    kept: list[Stretch] = []
    for stretch in reversed(stretches):
        if size <= 0:
            break
        kept.append(stretch.last(size))
        size -= stretch.end - stretch.begin
    return list(reversed(kept))


def _open(path: Path, opened: ExitStack) -> Stretch | None:
    try:
        file = opened.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    facts = os.fstat(file.fileno())
    return Stretch(file, 0, facts.st_size, facts.st_mtime, facts.st_ino)


def unreadable(path: Path, error: OSError) -> SandboxError:
    """Return the error of a log that is there and cannot be read."""
    return SandboxError(
        ErrorCode.LOG_UNREADABLE,
        f"the log {path} cannot be read: {error.strerror or error}",
        actions=(f"see to it that you may read {path}", "name the resources whose logs you want"),
        detail={"path": str(path)},
    )
