"""Articles in DynamoDB: one item each, in a table with the key `sku`.

Each write knows whether it brings an article to another level, since it carries the bounds within which that is so as a
condition: the level is told of in the transaction that changes it, and units that move within a level cost nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shop_kit.aggregates import Memory, Stale, decide_and_record
from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Update, Write
from shop_kit.clock import Clock
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox.dynamo import DynamoOutbox

from shop_services.inventory.adapters.events import stock_event
from shop_services.inventory.application.ports import StockPage
from shop_services.inventory.domain.reservation import Decision
from shop_services.inventory.domain.stock import Level, LevelRefused, Movement, StockItem, StockLevel

SETTINGS_IN_A_TRANSACTION = 99
"""What tells of them is one write in the same transaction, and DynamoDB takes 100."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What moves units, and what is told of the levels that change with it."""

    writes: Sequence[Write]
    messages: Sequence[OutgoingMessage]


class DynamoStockRepository:
    """The StockRepository. What was read last is remembered, so that a reservation usually needs no read at all."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._outbox = outbox
        self._table = table
        self._clock = clock
        self._known: Memory[StockItem] = Memory()

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Return those articles that exist, as remembered unless `fresh`."""
        wanted = list(dict.fromkeys(skus))
        known = {} if fresh else {sku: item for sku in wanted if (item := self._known.get(sku))}
        missing = [sku for sku in wanted if sku not in known]
        for found in await self._dynamo.get_many(self._table, [{"sku": sku} for sku in missing]):
            item = known[found["sku"]] = _to_stock(found)
            self._known.keep(item.sku, item)
        return known

    async def item(self, sku: str) -> StockItem | None:
        """Return the article, or None."""
        found = await self._dynamo.get(self._table, {"sku": sku})
        return _to_stock(found) if found else None

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        """Up to `limit` articles in the table's own order."""
        page = await self._dynamo.scan(self._table, limit=limit, start={"sku": behind} if behind else None)
        return StockPage([_to_stock(item) for item in page.items], page.next_key["sku"] if page.next_key else None)

    async def put(self, levels: Sequence[StockLevel]) -> Sequence[LevelRefused]:
        """Set articles, many in a transaction. Returns those that were refused."""
        refused: list[LevelRefused] = []
        for start in range(0, len(levels), SETTINGS_IN_A_TRANSACTION):
            refused += await self._put_some(levels[start : start + SETTINGS_IN_A_TRANSACTION])
        return refused

    async def moves(self, decision: Decision) -> Moves:
        """Return what moves the units of a decision. No count may fall below 0."""
        known = await self.items([sku for sku, movement in decision.movements.items() if movement.free], fresh=False)
        writes: list[Write] = []
        messages: list[OutgoingMessage] = []
        for sku, movement in decision.movements.items():
            change = self._level_change(known.get(sku), movement)
            writes.append(self._move(sku, movement, known.get(sku), change))
            if change is not None:
                messages.append(stock_event(change, at=self._clock.now()))
        return Moves(writes, messages)

    def forget(self, decision: Decision) -> None:
        """Do not trust what is remembered of the articles of a decision any more."""
        for sku in decision.movements:
            self._known.forget(sku)

    async def _put_some(self, levels: Sequence[StockLevel]) -> Sequence[LevelRefused]:
        async def attempt(*, fresh: bool) -> Sequence[LevelRefused]:
            del fresh  # what sets stock is never decided from memory
            items = await self.items([level.sku for level in levels], fresh=True)
            writes: list[Write] = []
            messages: list[OutgoingMessage] = []
            refused: list[LevelRefused] = []
            for level in levels:
                item = items.get(level.sku)
                if item is not None and level.is_true_of(item):
                    continue
                try:
                    after = level.applied_to(item)
                except LevelRefused as refusal:
                    refused.append(refusal)
                else:
                    writes.append(self._set(item, after))
                    messages.append(stock_event(after, at=self._clock.now()))
            await self._write(writes, messages)
            return refused

        return await decide_and_record(attempt, subject=f"the stock of {levels[0].sku} and others")

    async def _write(self, writes: Sequence[Write], messages: Sequence[OutgoingMessage]) -> None:
        if not writes:
            return
        try:
            await self._outbox.commit(writes, messages=messages)
        except TransactionCancelled as error:
            raise Stale("an article was set by somebody else meanwhile") from error

    def _set(self, before: StockItem | None, after: StockItem) -> Write:
        """Set an article. Units are added by difference: buyers may move them between the read and this write."""
        self._known.forget(after.sku)
        if before is None:
            return Put(self._table, _from_stock(after), condition="attribute_not_exists(sku)")
        added = after.stocked - before.stocked
        fewest, most = Movement(free=added).bounds(before.free)
        condition, bounds = _between(fewest, most)
        return Update(
            self._table,
            {"sku": after.sku},
            "SET revision = :after, told = :told ADD #free :added",
            condition=f"revision = :before AND told = :told_before AND {condition}",
            names={"#free": "free"},
            values={
                ":before": before.revision,
                ":after": after.revision,
                ":told": after.told,
                ":told_before": before.told,
                ":added": added,
                **bounds,
            },
        )

    def _level_change(self, item: StockItem | None, movement: Movement) -> StockItem | None:
        """Return the article as it is told of after a movement that changes its level; None where it stays in its level."""
        if item is None or item.level is Level.of(item.free + movement.free):
            return None
        return replace(item, free=item.free + movement.free, told=item.told + 1)

    def _move(self, sku: str, movement: Movement, item: StockItem | None, told_of: StockItem | None) -> Update:
        changes = {name: units for name in ("free", "reserved", "sold") if (units := getattr(movement, name))}
        values: dict[str, Any] = {f":{name}": units for name, units in changes.items()}
        conditions = ["attribute_exists(sku)"]
        for name in ("reserved", "sold"):
            if changes.get(name, 0) < 0:
                values[f":{name}_least"] = -changes[name]
                conditions.append(f"#{name} >= :{name}_least")
        if item is not None:
            condition, bounds = _between(*movement.bounds(item.free))
            values.update(bounds)
            conditions.append(condition)
        if told_of is not None:
            values.update({":told": told_of.told, ":told_before": told_of.told - 1})
            conditions.append("told = :told_before")
        adding = "ADD " + ", ".join(f"#{name} :{name}" for name in changes)
        return Update(
            self._table,
            {"sku": sku},
            adding if told_of is None else f"SET told = :told {adding}",
            condition=" AND ".join(conditions),
            names={f"#{name}": name for name in changes},
            values=values,
        )


def _between(fewest: int, most: int | None) -> tuple[str, Item]:
    """Return the condition that the free units are so many, with its values."""
    if most is None:
        return "#free >= :fewest", {":fewest": fewest}
    return "#free BETWEEN :fewest AND :most", {":fewest": fewest, ":most": most}


def _to_stock(item: Item) -> StockItem:
    return StockItem(item["sku"], item["free"], item["reserved"], item["sold"], item["revision"], item["told"])


def _from_stock(item: StockItem) -> Item:
    return {
        "sku": item.sku,
        "free": item.free,
        "reserved": item.reserved,
        "sold": item.sold,
        "revision": item.revision,
        "told": item.told,
    }
