"""The guard of each key: events take effect in their order, each once, and none before what it follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class KeyHistory(Generic[T]):
    """What is known of one key: the sequence number that took effect last, and what came too early and is held.

    `is_gapless` says that its sequence numbers count 1, 2, 3; then what is missing is waited for. Otherwise they only rise, a gap
    cannot be told from none, and what is late is left out. `is_stuck` since an event could not take effect: all later ones are
    held.
    """

    is_gapless: bool
    last: int = 0
    held: dict[int, T] = field(default_factory=dict)
    is_stuck: bool = False

    def arrive(self, sequence: int, item: T) -> None:
        """Take an event in: it is held until its turn, or dropped when it took effect before."""
        if sequence > self.last:
            self.held.setdefault(sequence, item)

    def next(self) -> tuple[int, T] | None:
        """Return the event whose turn it is, if it is there. It stays until `took_effect`."""
        if self.is_stuck or not self.held:
            return None
        sequence = min(self.held)
        return (sequence, self.held[sequence]) if not self.is_gapless or sequence == self.last + 1 else None

    def took_effect(self, sequence: int) -> None:
        """Go on behind this event."""
        self.last = sequence
        self.held = {number: item for number, item in self.held.items() if number > sequence}
