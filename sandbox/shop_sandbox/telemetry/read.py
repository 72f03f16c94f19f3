"""The tree of spans of one request or order, from the database on disk: the sandbox need not run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

import msgspec

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.telemetry.store import SpanRow, latest_traces, spans_between, spans_of, trace_ids

STAGE, OUTCOME = "stage", "outcome"
"""Ends of names of span attributes: how far a piece of work is after this step, and what became of it (as `shop.outcome`)."""
_LOOKED_AT_PER_TRACE = 100


@dataclass(frozen=True)
class SpanNode:
    """A span with what it caused. `started_at` is seconds since the epoch; `kind` and `status` are OpenTelemetry's words in lower
    case."""

    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: str
    started_at: float
    seconds: float
    status: str
    status_message: str
    attributes: dict[str, object]
    events: tuple[dict[str, object], ...]
    children: list[SpanNode] = field(default_factory=list)

    def told(self, name: str) -> object | None:
        """Return the value of the attribute of this name, or of the first whose name ends in it: `order_id`, `shop.order_id`."""
        return next((value for key, value in self.attributes.items() if value and key.rpartition(".")[2] == name), None)


@dataclass(frozen=True)
class Trace:
    """A trace as a forest: spans whose parent has not been recorded stand at the top too.

    `other_trace_ids` are further traces that mention the same key, oldest first. `keys` are names of attributes, or
    their ends, that say what work is about, the first before the others.
    """

    trace_id: str
    roots: tuple[SpanNode, ...]
    other_trace_ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def started_at(self) -> float:
        """When its first span began, in seconds since the epoch."""
        return min(root.started_at for root in self.roots)

    @property
    def ended_at(self) -> float:
        """When its last span ended, in seconds since the epoch."""
        return max(node.started_at + node.seconds for node in self.spans())

    @property
    def first(self) -> SpanNode:
        """The span that began it all."""
        return min(self.roots, key=lambda root: root.started_at)

    @property
    def subject(self) -> str | None:
        """What it is about (an order), by the first of the project's keys."""
        return next((str(value) for key in self.keys[:1] for node in self.spans() if (value := node.told(key))), None)

    @property
    def outcome(self) -> str | None:
        """What became of it in the end, where a step has said so."""
        told = [node for node in self.spans() if node.told(OUTCOME)]
        return str(max(told, key=lambda node: node.started_at).told(OUTCOME)) if told else None

    def spans(self) -> Iterator[SpanNode]:
        """Give all spans, in no order. Walks with a stack: a chain of causes may be long."""
        stack = list(self.roots)
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children)


def latest(database: Path, *, count: int, keys: tuple[str, ...] = ()) -> tuple[Trace, ...]:
    """Give the traces of the last requests and of what they set off, newest first.

    What a service does by itself (sweeping) is left out.
    """
    try:
        found = latest_traces(database, newest_spans=_LOOKED_AT_PER_TRACE * count)
        traces = (Trace(identity, _forest(spans_of(database, identity)), keys=keys) for identity in found)
        return tuple(islice((trace for trace in traces if trace.first.kind == "server" or trace.subject), count))
    except sqlite3.DatabaseError:
        return ()


def traces_between(database: Path, begin: float, end: float) -> Iterator[Trace]:
    """Give each trace's part that began within this time, in seconds since the epoch. A database that cannot be read gives none."""
    with suppress(sqlite3.DatabaseError):
        found = spans_between(database, int(begin * 1e9), int(end * 1e9))
        for identity, rows in groupby(found, key=lambda row: row.trace_id):
            yield Trace(identity, _forest(list(rows)))


def span_tree(database: Path, key: str, keys: tuple[str, ...] = ()) -> Trace:
    """Give the trace of a trace id, or of the value of a key (an order id). Of several, the one that mentioned it first.

    Raises SandboxError (TRACE_NOT_FOUND).
    """
    try:
        found = trace_ids(database, key)
        if not found:
            raise _not_found(key)
        return Trace(found[0], _forest(spans_of(database, found[0])), tuple(found[1:]), keys)
    except sqlite3.DatabaseError as error:
        raise _not_found(key) from error


def _forest(rows: list[SpanRow]) -> tuple[SpanNode, ...]:
    nodes = {row.span_id: _node(row) for row in rows}
    roots = []
    for node in nodes.values():
        parent = nodes.get(node.parent_id) if node.parent_id is not None else None
        if parent is None or parent is node:
            roots.append(node)
        else:
            parent.children.append(node)
    return tuple(roots)


def _node(row: SpanRow) -> SpanNode:
    return SpanNode(
        span_id=row.span_id,
        parent_id=row.parent_id,
        service=row.service,
        name=row.name,
        kind=row.kind,
        started_at=row.started_ns / 1e9,
        seconds=(row.ended_ns - row.started_ns) / 1e9,
        status=row.status,
        status_message=row.status_message,
        attributes=msgspec.json.decode(row.attributes, type=dict[str, object]),
        events=tuple(msgspec.json.decode(row.events, type=list[dict[str, object]])),
    )


def _not_found(key: str) -> SandboxError:
    return SandboxError(
        ErrorCode.TRACE_NOT_FOUND,
        f"no trace mentions {key}",
        actions=(
            "give a trace id, or a value of one of the project's `keys`",
            "a trace appears about a second after its request has ended",
        ),
        detail={"key": key},
    )
