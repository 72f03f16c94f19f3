"""Time that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    seconds: float = 1_800_000_000.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
