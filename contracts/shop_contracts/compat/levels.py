"""Confluent's compatibility levels: which direction is checked, and against how much of the history.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html
"""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Who reads whom."""

    BACKWARD = "backward"
    """Consumers on the new schema read what producers on the old one wrote."""
    FORWARD = "forward"
    """Consumers still on the old schema read what producers on the new one write."""


class Level(StrEnum):
    """A subject's compatibility setting, spelled as the registry's API spells it."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether every earlier version counts and not the latest alone."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """What to check; FULL asks the older readers first, as the registry does."""
        if self is Level.NONE:
            return ()
        if self.value.startswith("FULL"):
            return (Direction.FORWARD, Direction.BACKWARD)
        return (Direction.BACKWARD,) if self.value.startswith("BACKWARD") else (Direction.FORWARD,)
