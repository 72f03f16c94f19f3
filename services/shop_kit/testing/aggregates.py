"""Aggregates in memory, with the promises of the real store: versions, what a process remembers, and an event for each write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic

from shop_kit.aggregates import Memory, Stale
from shop_kit.aggregates.dynamo import A
from shop_kit.messages import OutgoingMessage
from shop_kit.testing.event_log import EventLog


@dataclass
class AggregateTable(Generic[A]):
    """What is stored: all that processes share."""

    stored: dict[str, A] = field(default_factory=dict)
    log: EventLog = field(default_factory=EventLog)


class InMemoryAggregates(Generic[A]):
    """One process's view of a table: what it wrote last it remembers, and may be wrong about."""

    def __init__(self, table: AggregateTable[A]) -> None:
        self.table = table
        self._known: Memory[A] = Memory()

    async def find(self, aggregate_id: str, *, fresh: bool) -> A | None:
        """Return the aggregate, or None; unless `fresh`, as this process remembers it."""
        known = None if fresh else self._known.get(aggregate_id)
        return known or self.table.stored.get(aggregate_id)

    async def save(
        self,
        aggregate: A,
        *,
        handling: str | None = None,
        announce: Callable[[A], OutgoingMessage] | None = None,
        also: Callable[[], None] | None = None,
    ) -> A:
        """Store the next version and its event, after `also`. Raises Stale, which `also` may as well; nothing is stored then."""
        before = self.table.stored.get(aggregate.id)
        if aggregate.revision.version != (before.revision.version if before else 0):
            self._known.forget(aggregate.id)
            raise Stale(f"{aggregate.id} is not as it was read any more")
        saved = replace(aggregate, revision=aggregate.revision.next(handling=handling, announces=announce is not None))
        messages = [announce(saved)] if announce else []
        if also:
            also()
        self.table.stored[saved.id] = saved
        self._known.keep(saved.id, saved)
        await self.table.log.publish(messages)
        return saved
