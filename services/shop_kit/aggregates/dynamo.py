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
        announce: Callable[[A], OutgoingMessage] | None = None,
        also: Sequence[Write] = (),
        messages: Sequence[OutgoingMessage] = (),
    ) -> A:
        """Write the aggregate as the next version of the one it was read as, with the event that `announce` makes of it, that the
        message `handling` had its effect, `also`, and `messages` about what `also` writes: all of it or nothing. Returns it with
        its new revision.

        Raises Stale when another version was written meanwhile, or a condition of `also` does not hold.
        """
        saved = replace(aggregate, revision=aggregate.revision.next(handling=handling, announces=announce is not None))
        told = [announce(saved), *messages] if announce else messages
        try:
            await self._outbox.commit([self._put(saved), *also], messages=told)
        except TransactionCancelled as error:
            self._known.forget(aggregate.id)
            raise Stale(f"{self._kind} {aggregate.id} is not as it was read any more") from error
        self._known.keep(saved.id, saved)
        return saved

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
