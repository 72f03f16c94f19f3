"""The inbox: remembers the messages that had their effect, so that one that comes again changes nothing.

A message is remembered by its identity, source and id together (`Received.identity`): two sources may give the same id.
"""

from __future__ import annotations

from shop_kit.errors import KitError

REMEMBER_DAYS = 28
"""Longer than a message can come again: 7 days in its topic, and from there 14 more among the dead letters."""


class AlreadyHandled(KitError):
    """The message had its effect before: there is nothing left to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"message {message} was handled before")
