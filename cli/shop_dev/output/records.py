"""How records of a topic are told."""

from __future__ import annotations

import json
from datetime import datetime

from shop_dev.kafka.records import Record

_SHOWN_FIRST = "ce_type"
_NO_NEWS = frozenset({"ce_specversion", "ce_time", "content-type", _SHOWN_FIRST})
"""Headers that say what the first line or the content says too."""


def record_data(record: Record) -> dict[str, object]:
    """Return a record for scripts; `at` is seconds since the epoch."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": record.at,
        "key": record.key,
        "headers": dict(record.headers),
        "schemaId": record.schema_id,
        "schemaKind": record.schema_kind,
        "content": record.content,
        "fault": record.fault,
    }


def record_lines(record: Record) -> str:
    """Where and when, of which key and kind; the headers that say more; the content."""
    kind = record.headers.get(_SHOWN_FIRST, "").rpartition(".")[2]
    at = datetime.fromtimestamp(record.at).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    schema = f"schema {record.schema_id}" if record.schema_id is not None else ""
    head = "  ".join(filter(None, (at, f"{record.partition}-{record.offset}", record.key or "(no key)", kind, schema)))
    headers = [f"  {name}: {value}" for name, value in record.headers.items() if name not in _NO_NEWS]
    return "\n".join((head, *headers, *(f"  {line}" for line in _content(record).splitlines())))


def _content(record: Record) -> str:
    if record.fault is not None:
        return f"(cannot be read: {record.fault})"
    if record.is_deletion:
        return "(no value: the key is deleted)"
    return json.dumps(record.content, indent=2, ensure_ascii=False, default=str)
