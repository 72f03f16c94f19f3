"""What a frame of the journal holds: changes of the emulator's state, each a whole value in place of an older one."""

from __future__ import annotations

from typing import Any

import msgspec


class Item(msgspec.Struct, array_like=True, tag="i"):
    """An item of a table has this value now; None where it was deleted. The keys are MiniStack's."""

    table_arn: str
    partition_key: str
    sort_key: str
    value: dict[str, Any] | None


class Emptied(msgspec.Struct, array_like=True, tag="e"):
    """A table has no items any more: it is new, or was deleted, or gets all of its items anew by what follows."""

    table_arn: str


class Part(msgspec.Struct, array_like=True, tag="p"):
    """One entry of a store of a service has this value now.

    `scope` is the kind of the store, "" for a store that is one value; `key` is the entry's, in MiniStack's own spelling. `form`
    is the version of the service's state, by MiniStack's own count. `value` is its JSON.
    """

    service: str
    form: int
    store: str
    scope: str
    key: str
    value: msgspec.Raw


class PartGone(msgspec.Struct, array_like=True, tag="g"):
    """An entry of a store of a service is not there any more."""

    service: str
    store: str
    scope: str
    key: str


Change = Item | Emptied | Part | PartGone

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[Change])


def encoded(changes: list[Change]) -> bytes:
    """Return a frame: these changes count together or not at all."""
    return _ENCODER.encode(changes)


def decoded(frame: bytes) -> list[Change]:
    """Return the changes of a frame. Raises msgspec.DecodeError."""
    return _DECODER.decode(frame)
