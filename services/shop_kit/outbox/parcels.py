"""Many messages of one commit as one item: an import writes a parcel instead of a hundred messages, and removes it at once.

A parcel is removed when all of its messages are published. Which of them are, a process keeps in memory: after its death others
publish the whole parcel again, as they do with a single message.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from shop_kit.context import new_id
from shop_kit.messages import OutgoingMessage

PARTITION = "#parcels"
"""The partition key of all parcels; no message has such a key."""
FEWEST = 4
"""Fewer messages are items of their own: those of a key are found by it."""
_MESSAGES = msgspec.msgpack.Decoder(list[OutgoingMessage])


def packed(messages: Iterable[OutgoingMessage], *, largest: int) -> Iterator[Sequence[OutgoingMessage]]:
    """Yield messages in lots of up to `largest` bytes of bodies and headers; one that is larger is a lot by itself."""
    lot: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        own = size_of(message)
        if lot and size + own > largest:
            yield lot
            lot, size = [], 0
        lot.append(message)
        size += own
    if lot:
        yield lot


def size_of(message: OutgoingMessage) -> int:
    """Return the bytes of a message's body and headers."""
    return len(message.body) + len(msgspec.json.encode(dict(message.headers)))


def parcel(messages: Sequence[OutgoingMessage]) -> dict[str, Any]:
    """Return the item that holds these messages."""
    # Headers are alike: what Kafka gets is five to ten times as long.
    return {**parcel_key(new_id()), "messages": zlib.compress(msgspec.msgpack.encode(messages), 1)}


def parcel_key(parcel_id: str) -> dict[str, str]:
    """Return the key of a parcel's item."""
    return {"pk": PARTITION, "sk": parcel_id}


class Parcels:
    """What this process knows of parcels that are in the table: which of their messages are not published yet."""

    def __init__(self) -> None:
        self._left: dict[str, dict[str, OutgoingMessage]] = {}  # by id of the parcel, then of the message
        self._holder: dict[str, str] = {}  # the parcel's id by the message's

    def __iter__(self) -> Iterator[str]:
        return iter(self._left)

    def take_in(self, item: Mapping[str, Any]) -> Sequence[OutgoingMessage]:
        """Return the messages of a parcel that are not known to be published."""
        parcel_id = str(item["sk"])
        if parcel_id not in self._left:
            messages = _MESSAGES.decode(zlib.decompress(item["messages"]))
            self._left[parcel_id] = {message.id: message for message in messages}
            self._holder.update(dict.fromkeys(self._left[parcel_id], parcel_id))
        return [*self._left[parcel_id].values()]

    def holds(self, message: OutgoingMessage) -> bool:
        """Return whether a message came in a parcel."""
        return message.id in self._holder

    def emptied_by(self, published: Collection[OutgoingMessage]) -> Sequence[str]:
        """Return the parcels of which nothing is left when these messages are published."""
        ids = {message.id for message in published}
        touched = {self._holder[one] for one in ids if one in self._holder}
        return [parcel_id for parcel_id in sorted(touched) if self._left[parcel_id].keys() <= ids]

    def note_published(self, published: Iterable[OutgoingMessage]) -> None:
        """Take note that these messages are published; a parcel of which nothing is left is forgotten."""
        for message in published:
            parcel_id = self._holder.pop(message.id, None)
            if parcel_id is None:
                continue
            left = self._left[parcel_id]
            del left[message.id]
            if not left:
                del self._left[parcel_id]

    def forget(self, parcel_ids: Iterable[str]) -> None:
        """Forget parcels that are not in the table any more: somebody else has published and removed them."""
        for parcel_id in parcel_ids:
            for message_id in self._left.pop(parcel_id, {}):
                del self._holder[message_id]
