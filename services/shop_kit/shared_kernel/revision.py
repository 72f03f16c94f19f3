"""Where an aggregate stands in its store."""

from __future__ import annotations

from dataclasses import dataclass

REMEMBERED_MESSAGES = 16
"""How many messages an aggregate remembers to have handled. One that comes again later than that finds the state that it asked for,
so it changes nothing; it is only answered once more."""


@dataclass(frozen=True, slots=True)
class Revision:
    """Which write an aggregate comes from, how many events it has announced, and the messages that led to it, oldest first.

    The store keeps it; the domain carries it along and never looks at it.
    """

    version: int = 0
    sequence: int = 0
    handled: tuple[str, ...] = ()

    def has_handled(self, message_id: str | None) -> bool:
        """Return True for a message that had its effect before."""
        return message_id in self.handled

    def next(self, *, handling: str | None, announces: bool) -> Revision:
        """Return the revision of the next write, which handles a message (or none) and announces an event (or none)."""
        handled = (*self.handled, handling)[-REMEMBERED_MESSAGES:] if handling else self.handled
        return Revision(self.version + 1, self.sequence + announces, handled)


NEW = Revision()
"""The revision of what was never written."""
