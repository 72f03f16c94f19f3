"""Log records as a reader wants them: chosen by id and time, one line each where they allow it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import typer
from shop_sandbox.logs import LogRecord

from shop_dev.durations import parse_duration

ID_FIELDS = ("correlation_id", "order_id", "trace_id")
"""Fields of a structured record that tie it to one request, one order, one trace."""
_SHOWN_APART = (
    "timestamp",
    "time",
    "ts",
    "at",
    "level",
    "message",
    "msg",
    "event",
    "logger",
    "service",
    *ID_FIELDS,
    "span_id",
    "exception",
)


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


def records_of(records: Iterable[LogRecord], identity: str | None) -> Iterator[LogRecord]:
    """Yield the records of one correlation, order or trace id; all, without one."""
    return (record for record in records if identity is None or identity in _identities(record))


def log_line(record: LogRecord) -> str:
    """Time, resource and what was said. Of a structured record: level, message, then the other fields; a traceback follows."""
    at = datetime.fromtimestamp(record.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
    head = f"{at} {record.resource:<18} "
    text = record.text if record.fields is None else _structured(record.fields)
    return head + text.replace("\n", "\n" + " " * len(head))


def record_data(record: LogRecord) -> dict[str, object]:
    """Return the record for scripts; `at` is seconds since the epoch, `fields` is null where the process does not log in JSON."""
    return {
        "at": record.at,
        "resource": record.resource,
        "text": record.text,
        "fields": record.fields,
        "correlationId": record.correlation_id,
    }


def _identities(record: LogRecord) -> tuple[object, ...]:
    return tuple((record.fields or {}).get(field) for field in ID_FIELDS)


def _structured(fields: dict[str, object]) -> str:
    level = str(fields.get("level", "")).upper()
    message = next((str(fields[key]) for key in ("message", "msg", "event") if key in fields), "")
    rest = " ".join(f"{key}={value}" for key, value in fields.items() if key not in _SHOWN_APART)
    identity = next((f"[{fields[key]}]" for key in ("order_id", "correlation_id") if fields.get(key)), "")
    line = " ".join(part for part in (f"{level:<5}", message, rest, identity) if part)
    return f"{line}\n{fields['exception']}".rstrip() if fields.get("exception") else line
