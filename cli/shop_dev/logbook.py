"""Log records as a reader wants them: chosen by id and time, one line each where they allow it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import typer

from shop_dev.durations import parse_duration

if TYPE_CHECKING:
    from shop_sandbox.logs import LogRecord

TRACE_ID = "trace_id"
"""Field of a structured record that ties it to one trace, in any project."""
_MESSAGE = ("message", "msg", "event")
_SHOWN_APART = frozenset(("timestamp", "time", "ts", "at", "level", "logger", "service", TRACE_ID, "span_id", "exception"))


def moment(text: str, *, now: float) -> float:
    """Return seconds since the epoch for an age (`10m`, `1h30m`) before `now` or a local time. Raises typer.BadParameter."""
    age = parse_duration(text)
    if age is not None:
        return now - age
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError as error:
        raise typer.BadParameter(
            f"--since {text!r} is neither an age like 30s, 10m, 2h nor a time like 2026-01-31T12:00."
        ) from error


def belonging_to(identity: str, keys: Sequence[str]) -> Callable[[LogRecord], bool]:
    """Return what is true for the records of one trace id, and of one value of a field among `keys`."""

    def belongs(record: LogRecord) -> bool:
        return any((record.fields or {}).get(field) == identity for field in (*keys, TRACE_ID))

    if not re.fullmatch(r"[\w.:-]+", identity, re.ASCII):
        return belongs
    return lambda record: identity in record.text and belongs(record)  # spares most records their parsing


def log_line(record: LogRecord, keys: Sequence[str]) -> str:
    """Time, resource and what was said. Of a structured record: level, message, then the other fields; a traceback follows.

    Of the fields in `keys` the first that is there is shown, at the end.
    """
    head = f"{_time_of_day(int(record.at))}.{int(record.at * 1000) % 1000:03} {record.resource:<18} "
    text = record.text if record.fields is None else _structured(record.fields, keys)
    return head + text.replace("\n", "\n" + " " * len(head)) if "\n" in text else head + text


def record_data(record: LogRecord) -> dict[str, object]:
    """Return the record for scripts; `at` is seconds since the epoch, `fields` is null where the process does not log in JSON."""
    correlation = (record.fields or {}).get("correlation_id")
    return {
        "at": record.at,
        "resource": record.resource,
        "text": record.text,
        "fields": record.fields,
        "correlationId": correlation if isinstance(correlation, str) else None,
    }


@lru_cache(maxsize=64)
def _time_of_day(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


def _structured(fields: dict[str, object], keys: Sequence[str]) -> str:
    level = str(fields.get("level", "")).upper()
    said = next((key for key in _MESSAGE if key in fields), None)
    message = str(fields[said]) if said else ""
    rest = [f"{key}={value}" for key, value in fields.items() if key not in _SHOWN_APART and key not in keys and key != said]
    identity = next((fields[key] for key in keys if fields.get(key)), "")
    line = " ".join(filter(None, (f"{level:<5}", message, *rest, f"[{identity}]" if identity else "")))
    return f"{line}\n{fields['exception']}".rstrip() if fields.get("exception") else line
