"""Aggregates in DynamoDB: one item each, written in one transaction with the event that tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import Field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from shop_kit.aggregates.deciding import Stale
from shop_kit.aggregates.memory import Memory
from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Write
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Revision

PAGE = 100


class Aggregate(Protocol):
    """A frozen dataclass that knows its id and its revision."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def id(self) -> str:
        """Return what tells it from all others of its kind."""
        ...

    @property
    def revision(self) -> Revision:
        """Return where it stands in the store."""
        ...


A = TypeVar("A", bound=Aggregate)
Announce = Callable[[A], OutgoingMessage]
"""Makes the event that tells of an aggregate as it was written."""


class DynamoAggregates(Generic[A]):
    """All aggregates of a kind, in a table with the keys `pk` and `sk`.

    `to_item` gives what is stored beside id, revision and keys; `from_item` makes the aggregate from the whole item.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        outbox: DynamoOutbox,
        *,
        table: str,
        kind: str,
        to_item: Callable[[A], Item],
        from_item: Callable[[Item], A],
    ) -> None:
        self._dynamo = dynamo
        self._outbox = outbox
        self._table = table
        self._kind = kind
        self._to_item = to_item
        self._from_item = from_item
        self._known: Memory[A] = Memory()

    async def find(self, aggregate_id: str, *, fresh: bool) -> A | None:
        """Return the aggregate, or None; unless `fresh`, it may be as remembered."""
        known = None if fresh else self._known.get(aggregate_id)
        if known is not None:
            return known
        found = await self._dynamo.get(self._table, self._key(aggregate_id))
        return self._from_item(found) if found else None

    async def indexed(self, index: str, condition: str, values: Mapping[str, Any]) -> AsyncIterator[str]:
        """Yield the ids that an index selects. It may be a moment behind: read each again before anything is decided."""
        async for item in self._dynamo.query_all(self._table, condition, values, index=index, page_size=PAGE):
            yield id_in_key(item)

    async def save(
        self,
        aggregate: A,
        *,
        handling: str | None = None,
        announce: Announce[A] | None = None,
        also: Sequence[Write] = (),
        messages: Sequence[OutgoingMessage] = (),
    ) -> A:
        """Write the aggregate as the next version of the one it was read as, with the event that `announce` makes of it, that the
        message `handling` had its effect, `also`, and `messages` about what `also` writes: all of it or nothing. Returns it with
        its new revision.

        Raises Stale when another version was written meanwhile, or a condition of `also` does not hold.
        """
        (saved,) = await self.save_all([(aggregate, announce)], handling=handling, also=also, messages=messages)
        return saved

    async def save_all(
        self,
        aggregates: Sequence[tuple[A, Announce[A] | None]],
        *,
        handling: str | None = None,
        also: Sequence[Write] = (),
        messages: Sequence[OutgoingMessage] = (),
    ) -> Sequence[A]:
        """Write several, each with what announces it, all of them or none: see `save`. DynamoDB takes 100 writes in a transaction.

        Raises Stale.
        """
        saved = [
            (replace(one, revision=one.revision.next(handling=handling, announces=announce is not None)), announce)
            for one, announce in aggregates
        ]
        told = [announce(one) for one, announce in saved if announce]
        try:
            await self._outbox.commit([*(self._put(one) for one, _ in saved), *also], messages=[*told, *messages])
        except TransactionCancelled as error:
            for one, _ in saved:
                self._known.forget(one.id)
            names = ", ".join(one.id for one, _ in saved)
            raise Stale(f"{self._kind} {names} is not as it was read any more") from error
        for one, _ in saved:
            self._known.keep(one.id, one)
        return [one for one, _ in saved]

    def _put(self, saved: A) -> Put:
        revision = saved.revision
        is_first = revision.version == 1
        item = {**self._to_item(saved), **self._key(saved.id), "id": saved.id, **stored_revision(revision)}
        return Put(
            self._table,
            item,
            condition="attribute_not_exists(pk)" if is_first else "version = :before",
            values={} if is_first else {":before": revision.version - 1},
        )

    def _key(self, aggregate_id: str) -> dict[str, str]:
        return {"pk": f"{self._kind}#{aggregate_id}", "sk": self._kind}


def id_in_key(key: Item) -> str:
    """Return the id of the aggregate with this key."""
    return str(key["pk"]).partition("#")[2]


def revision_of(item: Item) -> Revision:
    """Return where the aggregate in `item` stands."""
    return Revision(item["version"], item["sequence"], tuple(item["handled"]))


def stored_revision(revision: Revision) -> Item:
    """Return how a revision stands in an item."""
    return {"version": revision.version, "sequence": revision.sequence, "handled": list(revision.handled)}
