"""Log records as a reader wants them: chosen by id and time, one line each where they allow it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import typer

from shop_dev.durations import parse_duration

if TYPE_CHECKING:
    from shop_sandbox.logs import LogRecord

ID_FIELDS = ("correlation_id", "order_id", "trace_id")
"""Fields of a structured record that tie it to one request, one order, one trace."""
_MESSAGE = ("message", "msg", "event")
_SHOWN_APART = frozenset(("timestamp", "time", "ts", "at", "level", "logger", "service", *ID_FIELDS, "span_id", "exception"))


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


def belonging_to(identity: str) -> Callable[[LogRecord], bool]:
    """Return what is true for the records of one correlation, order or trace id."""

    def belongs(record: LogRecord) -> bool:
        return any((record.fields or {}).get(field) == identity for field in ID_FIELDS)

    if not re.fullmatch(r"[\w.:-]+", identity, re.ASCII):
        return belongs
    return lambda record: identity in record.text and belongs(record)  # spares most records their parsing


def log_line(record: LogRecord) -> str:
    """Time, resource and what was said. Of a structured record: level, message, then the other fields; a traceback follows."""
    head = f"{_time_of_day(int(record.at))}.{int(record.at * 1000) % 1000:03} {record.resource:<18} "
    text = record.text if record.fields is None else _structured(record.fields)
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


def _structured(fields: dict[str, object]) -> str:
    level = str(fields.get("level", "")).upper()
    said = next((key for key in _MESSAGE if key in fields), None)
    message = str(fields[said]) if said else ""
    rest = [f"{key}={value}" for key, value in fields.items() if key not in _SHOWN_APART and key != said]
    identity = fields.get("order_id") or fields.get("correlation_id")
    line = " ".join(filter(None, (f"{level:<5}", message, *rest, f"[{identity}]" if identity else "")))
    return f"{line}\n{fields['exception']}".rstrip() if fields.get("exception") else line
