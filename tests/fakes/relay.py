"""A relay of the outbox that sends nothing and remembers what it was handed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shop_kit.messages import OutgoingMessage


@dataclass
class RememberingRelay:
    """Stands in for a process's relay. One that is not active is handed nothing: another process's finds the messages."""

    is_active: bool = True
    messages: list[OutgoingMessage] = field(default_factory=list)

    def hand_over(self, ids: Sequence[int], messages: Sequence[OutgoingMessage]) -> None:
        """Remember the messages."""
        assert len(ids) == len(messages)
        self.messages += messages
