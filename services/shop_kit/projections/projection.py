"""What a read model is made from, and how."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message as ProtobufMessage

from shop_kit.messages import Received, Subscription

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Feed:
    """A topic that a projection hears. Its beginning must be kept for as long as the projection may be built again.

    `is_gapless` when the sequence numbers of each key count 1, 2, 3 on this very topic.
    """

    topic: str
    event_type: type[ProtobufMessage]
    is_gapless: bool = False

    def subscription(self) -> Subscription[Any]:
        """Return what records of the topic are read with."""

        async def unused(_received: Received[Any]) -> None:
            raise NotImplementedError

        return Subscription(self.topic, self.event_type, unused)


@dataclass(frozen=True)
class Projection:
    """A read model called `name`. `form` counts up when its tables or its rules change; then it is built anew.

    `tables` is SQL that makes its tables in an empty schema, without naming it. `apply` lets events have their effect, through a
    connection in a transaction that sees these tables; the same events in the same order must always lead to the same rows, however
    they are parted. They come as many at a time as there are, those of each key in their order and each once, so that one statement
    may do for all; when that fails, they come one at a time.
    """

    name: str
    form: int
    feeds: Sequence[Feed]
    tables: str
    apply: Callable[[Connection, Sequence[Received[Any]]], Awaitable[None]]

    def __post_init__(self) -> None:
        """Raise ValueError for a name that cannot be that of a schema."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a projection's name has lower-case letters, digits and _, at most 40: {self.name!r}")
