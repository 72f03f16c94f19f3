"""What a service shows of itself so that its contracts can be proved without a sandbox: real handlers and real messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop_kit.messages import OutgoingMessage, Subscription

Takes = Callable[[Any], Awaitable[None]]
"""A handler of a topic in Avro or JSON Schema, given a record's content as its deserialiser gives it: dicts, lists and scalars."""


async def _nothing() -> Sequence[OutgoingMessage]:
    return ()


def _deaf(_kind: str) -> Sequence[Subscription[Any]]:
    return ()


def _takes_nothing() -> Mapping[str, Takes]:
    return {}


@dataclass(frozen=True)
class Rehearsal:
    """A service over stand-ins of its stores. The manifest names a function that returns one: `contracts.rehearsal`."""

    hears: Callable[[str], Sequence[Subscription[Any]]] = _deaf
    """Given a kind (`stock_reserved`): the real handlers over fresh stores in which such a message makes sense for any id."""
    sends: Callable[[], Awaitable[Sequence[OutgoingMessage]]] = _nothing
    """Plays the service's part, so that its real code sends at least one message of each kind it can send, and returns them all."""
    takes: Callable[[], Mapping[str, Takes]] = _takes_nothing
    """By topic, the real handlers of what is written in Avro or JSON Schema, over fresh stores; raise what they cannot take."""
