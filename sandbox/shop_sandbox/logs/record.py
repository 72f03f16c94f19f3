"""Records: lines of a log with the lines that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec

from shop_sandbox.logs.stamps import STAMP_LENGTH, stamped_at

_MOST_LINES = 1000
"""A record longer than this is given in parts, so that a program which only prints indented lines fills nobody's memory."""
_TRACEBACK = "Traceback (most recent call last):"
_EXPLAINS = (" ", "\t", "Caused by: ", _TRACEBACK, "During handling of", "The above exception was")


@dataclass(frozen=True)
class LogRecord:
    """One record: a line, with the lines that explain it (a traceback, a stack) where the line is plain text.

    `at` is seconds since the epoch. A JSON object is always a record of its own: what stands after it was said by somebody else.
    """

    at: float
    resource: str
    text: str

    @cached_property
    def fields(self) -> dict[str, object] | None:
        """The JSON object, when the process logs in JSON."""
        if not _is_json(self.text):
            return None
        try:
            return msgspec.json.decode(self.text.encode(), type=dict[str, object])
        except msgspec.DecodeError:
            return None


class Grouping:
    """Puts lines as they stand on disk together to the records of one resource."""

    def __init__(self, resource: str, *, unstamped_at: float) -> None:
        """`unstamped_at` is the time of lines without a stamp that no stamped line precedes."""
        self._resource = resource
        self._at = unstamped_at
        self._lines: list[str] = []
        self._began_at = unstamped_at

    @property
    def is_open(self) -> bool:
        """True while a record may still go on."""
        return bool(self._lines)

    def take(self, line: bytes) -> LogRecord | None:
        """Take the next line, without its end; give the record before it if that is over now."""
        at = stamped_at(line)
        text = (line if at is None else line[STAMP_LENGTH + 1 :]).decode(errors="replace").rstrip("\r")
        self._at = self._at if at is None else at
        if self._lines and len(self._lines) < _MOST_LINES and _continues(self._lines, text):
            self._lines.append(text)
            return None
        over = self.finish()
        self._lines, self._began_at = [text], self._at
        return over

    def finish(self) -> LogRecord | None:
        """Give what is open: nothing more belongs to it."""
        lines, self._lines = self._lines, []
        return LogRecord(self._began_at, self._resource, "\n".join(lines)) if lines else None


def records(lines: Iterable[bytes], resource: str, *, unstamped_at: float) -> Iterator[LogRecord]:
    """Give the records of lines that are all there."""
    grouping = Grouping(resource, unstamped_at=unstamped_at)
    for line in lines:
        record = grouping.take(line)
        if record is not None:
            yield record
    last = grouping.finish()
    if last is not None:
        yield last


def _continues(record: list[str], line: str) -> bool:
    """True for a line that explains the plain record before it: indented, a further cause, or the exception a Python traceback
    ends with."""
    if _is_json(line) or _is_json(record[0]):
        return False
    if line.startswith(_EXPLAINS):
        return True
    return (not line or record[-1].startswith((" ", "\t"))) and any(_TRACEBACK in earlier for earlier in record)


def _is_json(text: str) -> bool:
    return text.startswith("{") and text.endswith("}")
