"""From when until when something holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validity:
    """A span of time in seconds since the epoch: its beginning belongs to it, its end does not. None is no end on that side."""

    begins: float | None = None
    ends: float | None = None

    def covers(self, moment: float) -> bool:
        """Return whether it holds at this moment."""
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment < self.ends)


ALWAYS = Validity()
