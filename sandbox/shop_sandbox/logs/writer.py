"""Keeping what processes print: a line each with its time, in files that rotate."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from shop_sandbox.logs.files import rotated
from shop_sandbox.logs.stamps import stamp

ROTATE_AT_BYTES = 8 * 1024 * 1024
KEPT_FILES = 3
_LONGEST_LINE_BYTES = 256 * 1024
_LAST_LINES = 200


class LogWriter:
    """Takes a process's output as it comes and keeps it.

    A disk that is full loses lines, counted in `dropped_lines`, but never the process: output is always taken off its hands, and
    `on_trouble` hears of the first failure and of the recovery (None). The newest lines are kept in memory too, so a death can be
    explained either way.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_trouble: Callable[[str | None], None] = lambda _: None,
        rotate_at_bytes: int = ROTATE_AT_BYTES,
        kept_files: int = KEPT_FILES,
    ) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._rotate_at_bytes = rotate_at_bytes
        self._kept_files = kept_files
        self._descriptor: int | None = None
        self._size = 0
        self._rest = b""
        self._newest: deque[str] = deque(maxlen=_LAST_LINES)
        self.dropped_lines = 0

    def write(self, output: bytes) -> None:
        """Keep the whole lines of `output`; the rest waits for its end."""
        *lines, self._rest = (self._rest + output).split(b"\n")
        if len(self._rest) > _LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        self._keep(lines)

    def finish(self) -> None:
        """The process has ended: a last line without an end is a line as well."""
        if self._rest:
            self._keep([self._rest])
            self._rest = b""

    def close(self) -> None:
        """Finish, and close the file."""
        self.finish()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def forget_newest(self) -> None:
        """A new process begins: what the one before printed does not explain its end."""
        self._newest.clear()

    def last_lines(self, count: int = 20) -> tuple[str, ...]:
        """Return the newest lines, oldest first."""
        return tuple(self._newest)[-count:]

    def _keep(self, lines: list[bytes]) -> None:
        if not lines:
            return
        self._newest.extend(line.decode(errors="replace").rstrip("\r") for line in lines if line.strip())
        now = stamp(time.time())
        block = b"".join(b"%s %s\n" % (now, line) for line in lines)
        try:
            self._append(block)
        except OSError as error:
            if self.dropped_lines == 0:
                self._on_trouble(f"{self._path} cannot be written: {error.strerror}; its lines are lost until that changes")
            self.dropped_lines += len(lines)
            return
        if self.dropped_lines:
            self.dropped_lines = 0
            self._on_trouble(None)

    def _append(self, block: bytes) -> None:
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._size = os.fstat(self._descriptor).st_size
        while block:
            written = os.write(self._descriptor, block)
            self._size += written
            block = block[written:]
        if self._size > self._rotate_at_bytes:
            self._rotate()

    def _rotate(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        for number in range(self._kept_files - 1, 0, -1):
            older = rotated(self._path, number)
            newer = rotated(self._path, number - 1) if number > 1 else self._path
            if newer.exists():
                newer.replace(older)
