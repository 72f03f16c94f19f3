"""Whether the messages of one key and source stand in their topic as they were said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from confluent_kafka import Message


def out_of_order(records: Iterable[Message]) -> list[str]:
    """Return where a message stands in its topic behind one of the same key and source that was said later.

    A repeated message does not count: it is the first time that counts.
    """
    wrong: list[str] = []
    seen: set[tuple[object, ...]] = set()
    newest: defaultdict[tuple[object, ...], int] = defaultdict(int)
    for record in records:
        headers = {name: _text(value) for name, value in dict(record.headers() or ()).items()}
        if "ce_source" not in headers:  # of no service: somebody put it there
            continue
        key, sequence = (record.topic(), record.key(), headers["ce_source"]), int(headers["ce_sequence"])
        if (*key, headers["ce_id"]) in seen:
            continue
        seen.add((*key, headers["ce_id"]))
        if sequence <= newest[key]:
            wrong.append(f"{record.topic()} {record.key()!r}: {headers['ce_type']} {sequence} comes after {newest[key]}")
        newest[key] = max(newest[key], sequence)
    return wrong


def _text(header: str | bytes | None) -> str:
    return header.decode() if isinstance(header, bytes) else header or ""
