"""Following logs while they are written, over rotations and restarts, without a gap after what was read before."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from shop_sandbox.logs.files import Stretch, open_log
from shop_sandbox.logs.reading import Keep, logs_of, merged
from shop_sandbox.logs.record import Grouping, LogRecord
from shop_sandbox.paths import SandboxPaths

_POLL_SECONDS = 0.1


def follow(
    paths: SandboxPaths,
    *,
    resources: Iterable[str] = (),
    since: float | None = None,
    newest: int | None = None,
    keep: Keep | None = None,
) -> Iterator[LogRecord]:
    """Give what is written from now on, without end; close the iterator to stop. Logs of resources that come later join.

    With `since` or `newest` it begins with these records of the past. The files are opened before this returns.
    Raises SandboxError (LOG_UNREADABLE).
    """
    names = tuple(resources)
    tails = {name: _Tail(path, name, from_end=True) for name, path in logs_of(paths, names).items()}
    return _follow(paths, names, tails, since=since, newest=newest, keep=keep)


def _follow(
    paths: SandboxPaths,
    names: tuple[str, ...],
    tails: dict[str, _Tail],
    *,
    since: float | None,
    newest: int | None,
    keep: Keep | None,
) -> Iterator[LogRecord]:
    try:
        if since is not None or newest is not None:
            yield from merged({name: tail.past for name, tail in tails.items()}, since=since, newest=newest, keep=keep)
        while True:
            for name, path in logs_of(paths, names).items():
                if name not in tails:
                    tails[name] = _Tail(path, name, from_end=False)
            found = [record for tail in tails.values() for record in tail.read()]
            yield from (record for record in sorted(found, key=lambda record: record.at) if keep is None or keep(record))
            time.sleep(_POLL_SECONDS)
    finally:
        for tail in tails.values():
            tail.close()


class _Tail:
    """What is added to one log. Holds the file open, so that its last lines are read even when rotation has removed it."""

    def __init__(self, path: Path, resource: str, *, from_end: bool) -> None:
        self._path = path
        self._opened = ExitStack()
        stretches = open_log(path, self._opened) if from_end else []
        self.past = [*stretches[:-1], _whole_lines(stretches[-1])] if stretches else []
        """What was there when the following began."""
        self._current = self.past[-1] if self.past else None
        self._offset = self._current.end if self._current else 0
        self._grouping = Grouping(resource, unstamped_at=time.time())

    def read(self) -> Iterator[LogRecord]:
        """Give records that are over: another one has begun, or nothing was added since the last look."""
        grew = False
        for line in self._new_lines():
            grew = True
            record = self._grouping.take(line)
            if record is not None:
                yield record
        if not grew and self._grouping.is_open:
            last = self._grouping.finish()
            if last is not None:
                yield last

    def close(self) -> None:
        """Let the files go."""
        self._opened.close()

    def _new_lines(self) -> Iterator[bytes]:
        yield from self._rest()
        if not self._has_rotated():
            return
        newer = ExitStack()
        ahead = self._newer_than_current(open_log(self._path, newer))
        if not ahead:
            newer.close()
            return
        yield from self._rest()  # what was written between the last look and the rotation
        for stretch in ahead:
            self._current, self._offset = stretch, 0
            yield from self._rest()
        self._opened.close()
        self._opened = newer

    def _rest(self) -> Iterator[bytes]:
        if self._current is None:
            return
        file = self._current.file
        file.seek(self._offset)
        while (line := file.readline()).endswith(b"\n"):
            self._offset += len(line)
            yield line[:-1]

    def _has_rotated(self) -> bool:
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return False
        return self._current is None or self._current.inode != inode

    def _newer_than_current(self, stretches: list[Stretch]) -> list[Stretch]:
        inodes = [stretch.inode for stretch in stretches]
        current = self._current.inode if self._current is not None else None
        return stretches[inodes.index(current) + 1 :] if current in inodes else stretches


def _whole_lines(stretch: Stretch) -> Stretch:
    """Return the stretch without a last line that is still being written."""
    end = stretch.end
    while end > 0 and os.pread(stretch.file.fileno(), 1, end - 1) != b"\n":
        end -= 1
    return Stretch(stretch.file, stretch.begin, end, stretch.changed_at, stretch.inode)
