"""Reading a trace that may still be on its way: exporters send what has ended about a second later."""

from __future__ import annotations

import time
from pathlib import Path

from shop_sandbox.errors import SandboxError
from shop_sandbox.telemetry import read

_PATIENCE_SECONDS = 1.5
_LOOK_AGAIN_SECONDS = 0.1
_QUIET_SECONDS = 2.0
"""A trace to which nothing was added for so long has all its spans, whatever became of the work."""


def settled_trace(database: Path, identity: str, keys: tuple[str, ...]) -> read.Trace:
    """Return the trace of a trace id, or of a value of one of the project's keys; one that has only begun gets a moment to arrive.

    Raises SandboxError (TRACE_NOT_FOUND).
    """
    deadline = time.monotonic() + (_PATIENCE_SECONDS if _is_written(database) else 0.0)
    while True:
        try:
            found = read.span_tree(database, identity, keys)
            over = (found.outcome is not None and _is_whole(found)) or time.time() - found.ended_at > _QUIET_SECONDS
            if over or time.monotonic() > deadline:
                return found
        except SandboxError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_AGAIN_SECONDS)


def _is_whole(trace: read.Trace) -> bool:
    """True when every step but the first stands below the one that caused it."""
    return all(root.parent_id is None or root is trace.first for root in trace.roots)


def _is_written(database: Path) -> bool:
    """True while a collector has the database open: SQLite keeps this file beside it for as long."""
    return database.with_name(f"{database.name}-wal").exists()
