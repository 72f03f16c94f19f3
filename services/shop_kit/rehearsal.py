"""What a service shows of itself so that its contracts can be proved without a sandbox: real handlers and real messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shop_kit.messages import OutgoingMessage, Subscription


async def _nothing() -> Sequence[OutgoingMessage]:
    return ()


def _deaf(_kind: str) -> Sequence[Subscription[Any]]:
    return ()


@dataclass(frozen=True)
class Rehearsal:
    """A service over stand-ins of its stores. The manifest names a function that returns one: `contracts.rehearsal`."""

    hears: Callable[[str], Sequence[Subscription[Any]]] = _deaf
    """Given a kind (`stock_reserved`): the real handlers over fresh stores in which such a message makes sense for any id."""
    sends: Callable[[], Awaitable[Sequence[OutgoingMessage]]] = _nothing
    """Plays the service's part, so that its real code sends at least one message of each kind it can send, and returns them all."""
