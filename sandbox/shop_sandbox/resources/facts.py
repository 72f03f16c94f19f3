"""What a running sandbox knows of its services beside how they run."""

from __future__ import annotations

import msgspec


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """What a service has in the stores, by name.

    `writes` are topics with the full name of their message, where they are in Protobuf; `reads` are pairs of group and topic;
    `queues` have those of their dead letters among them.
    """

    service: str
    writes: dict[str, str | None] = {}
    reads: tuple[tuple[str, str], ...] = ()
    databases: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
