"""Logs on disk: what processes print, a line each with its time, rotated; and how to read them again, sandbox running or not."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from shop_sandbox.paths import SandboxPaths

ROTATE_AT_BYTES = 8 * 1024 * 1024
KEPT_FILES = 3
_LONGEST_LINE_BYTES = 256 * 1024
_LAST_LINES = 200
_STAMP_LENGTH = len("2026-01-31T12:00:00.000Z")
_FOLLOW_POLL_SECONDS = 0.1


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
        stamp = _stamp(time.time())
        block = b"".join(b"%s %s\n" % (stamp, line) for line in lines)
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
            older = _rotated(self._path, number)
            newer = _rotated(self._path, number - 1) if number > 1 else self._path
            if newer.exists():
                newer.replace(older)


@dataclass(frozen=True)
class LogRecord:
    """One record: a line with the lines that belong to it (a traceback, a stack). `at` is seconds since the epoch.

    `fields` is the JSON object, when the process logs in JSON.
    """

    at: float
    resource: str
    text: str
    fields: dict[str, object] | None = None

    @property
    def correlation_id(self) -> str | None:
        """The request this record belongs to, where the process says so."""
        found = (self.fields or {}).get("correlation_id")
        return found if isinstance(found, str) else None


def read(
    paths: SandboxPaths,
    *,
    resources: Iterable[str] = (),
    since: float | None = None,
    correlation: str | None = None,
    follow: bool = False,
) -> Iterator[LogRecord]:
    """Give whole records, oldest first across resources: of all resources or the named ones, from `since` on, of one correlation
    id.

    With `follow` it goes on with what is written from then on, without end; close the iterator to stop.
    """
    tails = {name: _Tail(path, name) for name, path in _logs(paths, tuple(resources)).items()}
    while True:
        if follow:
            for name, path in _logs(paths, tuple(resources)).items():
                tails.setdefault(name, _Tail(path, name))
        found = [record for tail in tails.values() for record in tail.read(to_the_end=not follow)]
        for record in sorted(found, key=lambda record: record.at):
            if (since is None or record.at >= since) and (correlation is None or record.correlation_id == correlation):
                yield record
        if not follow:
            return
        time.sleep(_FOLLOW_POLL_SECONDS)


def _logs(paths: SandboxPaths, resources: tuple[str, ...]) -> dict[str, Path]:
    if resources:
        return {name: paths.log(name) for name in resources}
    names = {path.name.partition(".log")[0] for path in paths.logs.glob("*.log*")} if paths.logs.is_dir() else set()
    return {name: paths.log(name) for name in sorted(names)}


class _Tail:
    """Reads a log and its rotated predecessors once, then what is added; keeps an unfinished record back while following."""

    def __init__(self, path: Path, resource: str) -> None:
        self._path = path
        self._resource = resource
        self._inode: int | None = None
        self._offset = 0
        self._rest = b""
        self._open: LogRecord | None = None
        self._open_since = 0.0
        self._first = True

    def read(self, *, to_the_end: bool) -> Iterator[LogRecord]:
        grew = False
        for line in self._new_lines():
            grew = True
            yield from self._take(line)
        settled = to_the_end or (not grew and time.monotonic() - self._open_since > _FOLLOW_POLL_SECONDS)
        if self._open is not None and settled:
            yield _with_fields(self._open)
            self._open = None

    def _take(self, line: str) -> Iterator[LogRecord]:
        at, text = _parse(line)
        if at is None or (self._open is not None and _continues(self._open.text, text)):
            if self._open is not None:
                self._open = LogRecord(self._open.at, self._resource, f"{self._open.text}\n{text}")
                return
            at = at or 0.0
        if self._open is not None:
            yield _with_fields(self._open)
        self._open = LogRecord(at, self._resource, text)
        self._open_since = time.monotonic()

    def _new_lines(self) -> Iterator[str]:
        if self._first:
            self._first = False
            for number in range(KEPT_FILES * 4, 0, -1):
                yield from self._whole_lines(_rotated(self._path, number), 0)
        rotated = self._rotated_away()
        if rotated is not None:
            yield from self._whole_lines(rotated, self._offset)
            self._offset, self._inode = 0, None
        yield from self._whole_lines(self._path, self._offset, remember=True)

    def _rotated_away(self) -> Path | None:
        """Return where the file that was read so far went, when another one has taken its name."""
        if self._inode is None or _inode(self._path) == self._inode:
            return None
        candidate = _rotated(self._path, 1)
        return candidate if _inode(candidate) == self._inode else None

    def _whole_lines(self, path: Path, offset: int, *, remember: bool = False) -> Iterator[str]:
        try:
            with path.open("rb") as file:
                if remember:
                    inode = os.fstat(file.fileno()).st_ino
                    if self._inode != inode:
                        offset, self._inode = 0, inode
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data.rpartition(b"\n")
        if remember:
            self._offset = offset + len(whole[0]) + len(whole[1])
        if whole[1]:
            for line in whole[0].split(b"\n"):
                yield line.decode(errors="replace")


def _rotated(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _stamp(at: float) -> bytes:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z".encode()


def _parse(line: str) -> tuple[float | None, str]:
    stamp, rest = line[:_STAMP_LENGTH], line[_STAMP_LENGTH + 1 :]
    try:
        return datetime.fromisoformat(stamp).timestamp(), rest
    except ValueError:
        return None, line


def _continues(record: str, line: str) -> bool:
    """True for a line that explains the record before it: indented, a further cause, or the exception a Python traceback ends
    with."""
    if line.startswith(
        (" ", "\t", "Caused by: ", "Traceback (most recent call last):", "During handling of", "The above exception was")
    ):
        return True
    return "Traceback (most recent call last):" in record and (not line or record.rpartition("\n")[2].startswith((" ", "\t")))


def _with_fields(record: LogRecord) -> LogRecord:
    if not record.text.startswith("{"):
        return record
    first, _, _ = record.text.partition("\n")
    try:
        fields = msgspec.json.decode(first.encode(), type=dict[str, object])
    except msgspec.DecodeError:
        return record
    return LogRecord(record.at, record.resource, record.text, fields)
