"""The time at the head of each line on disk: UTC with milliseconds, so that lines sort as text too."""

from __future__ import annotations

from datetime import UTC, datetime

STAMP_LENGTH = len("2026-01-31T12:00:00.000Z")


def stamp(at: float) -> bytes:
    """Return the head of a line that was printed at `at`, seconds since the epoch."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z".encode()


def stamped_at(line: bytes) -> float | None:
    """Return when a line was printed, in seconds since the epoch; None for one that has no stamp (a supervisor's own words)."""
    if line[STAMP_LENGTH - 1 : STAMP_LENGTH] != b"Z":
        return None
    try:
        return datetime.fromisoformat(line[:STAMP_LENGTH].decode("ascii")).timestamp()
    except ValueError:  # a UnicodeDecodeError is one
        return None
