"""The inbox: remembers the messages that had their effect, so that one that comes again changes nothing."""

from __future__ import annotations

from shop_kit.errors import KitError


class AlreadyHandled(KitError):
    """The message had its effect before: there is nothing left to do."""

    def __init__(self, message_id: str) -> None:
        super().__init__(f"message {message_id} was handled before")
