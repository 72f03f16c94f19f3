"""A story: steps in order, how it ended, and what it waits for where it has not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Step:
    """Something that happened, in a sentence. `at` is seconds since the epoch."""

    at: float
    text: str
    is_trouble: bool = False


@dataclass(frozen=True)
class Waits:
    """A message that a service has not dealt with. `since` is seconds since the epoch, `why` has the reasons that are known."""

    service: str
    message: str
    topic: str
    since: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """What is told of a subject. `stage` is how far it has come by its services' own words, and since when; None once it ended."""

    subject: str
    trace_ids: tuple[str, ...]
    steps: tuple[Step, ...]
    outcome: str | None
    waits: tuple[Waits, ...]
    stage: tuple[str, float] | None

    @property
    def started_at(self) -> float:
        """When its first step was taken."""
        return self.steps[0].at

    @property
    def ended_at(self) -> float:
        """When its last step was taken."""
        return self.steps[-1].at
