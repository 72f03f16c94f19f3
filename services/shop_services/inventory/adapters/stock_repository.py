"""Articles in DynamoDB: one item each, in a table with the key `sku`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop_kit.aggregates import Memory, Stale, decide_and_record
from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Update, Write
from shop_kit.shared_kernel import Money

from shop_services.inventory.application.ports import StockPage
from shop_services.inventory.domain.reservation import Decision
from shop_services.inventory.domain.stock import LevelRefused, Movement, StockItem, StockLevel

SETTINGS_IN_A_TRANSACTION = 50


class DynamoStockRepository:
    """The StockRepository. What was read last is remembered, so that a reservation usually needs no read at all."""

    def __init__(self, dynamo: Dynamo, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table
        self._known: Memory[StockItem] = Memory()

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Return those articles that exist, as remembered unless `fresh`."""
        wanted = list(dict.fromkeys(skus))
        known = {} if fresh else {sku: item for sku in wanted if (item := self._known.get(sku))}
        missing = [sku for sku in wanted if sku not in known]
        if missing:
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
        """Set articles, some dozens in a transaction. Returns those that were refused."""
        refused: list[LevelRefused] = []
        for start in range(0, len(levels), SETTINGS_IN_A_TRANSACTION):
            refused += await self._put_some(levels[start : start + SETTINGS_IN_A_TRANSACTION])
        return refused

    def moves(self, decision: Decision) -> list[Write]:
        """Return what moves the units of a decision. No count may fall below 0, and the prices it stands on must still hold."""
        prices = decision.prices
        return [self._move(sku, movement, prices.get(sku)) for sku, movement in decision.movements.items()]

    def forget(self, decision: Decision) -> None:
        """Do not trust what is remembered of the articles of a decision any more."""
        for sku in decision.movements:
            self._known.forget(sku)

    async def _put_some(self, levels: Sequence[StockLevel]) -> Sequence[LevelRefused]:
        async def attempt(*, fresh: bool) -> Sequence[LevelRefused]:
            del fresh  # what sets stock is never decided from memory
            items = await self.items([level.sku for level in levels], fresh=True)
            writes: list[Write] = []
            refused: list[LevelRefused] = []
            for level in levels:
                item = items.get(level.sku)
                if item is not None and level.is_true_of(item):
                    continue
                try:
                    writes.append(self._set(item, level.applied_to(item)))
                except LevelRefused as refusal:
                    refused.append(refusal)
            await self._write(writes)
            return refused

        return await decide_and_record(attempt, subject=f"the stock of {levels[0].sku} and others")

    async def _write(self, writes: Sequence[Write]) -> None:
        if not writes:
            return
        try:
            await self._dynamo.transact(writes)
        except TransactionCancelled as error:
            raise Stale("an article was set by somebody else meanwhile") from error

    def _set(self, before: StockItem | None, after: StockItem) -> Write:
        """Set an article. Units are added by difference: buyers may move them between the read and this write."""
        self._known.forget(after.sku)
        if before is None:
            return Put(self._table, _from_stock(after), condition="attribute_not_exists(sku)")
        added = after.stocked - before.stocked
        return Update(
            self._table,
            {"sku": after.sku},
            "SET #name = :name, currency = :currency, minor_units = :minor_units, revision = :after ADD #free :added",
            condition="revision = :before AND #free >= :least",
            names={"#name": "name", "#free": "free"},
            values={
                ":name": after.name,
                ":currency": after.unit_price.currency,
                ":minor_units": after.unit_price.minor_units,
                ":before": before.revision,
                ":after": after.revision,
                ":added": added,
                ":least": max(0, -added),
            },
        )

    def _move(self, sku: str, movement: Movement, price: Money | None) -> Update:
        changes = {name: units for name in ("free", "reserved", "sold") if (units := getattr(movement, name))}
        values: dict[str, object] = {}
        conditions = ["attribute_exists(sku)"]
        for name, units in changes.items():
            values[f":{name}"] = units
            if units < 0:
                values[f":{name}_least"] = -units
                conditions.append(f"#{name} >= :{name}_least")
        if price is not None:
            values.update({":currency": price.currency, ":minor_units": price.minor_units})
            conditions.append("currency = :currency AND minor_units = :minor_units")
        return Update(
            self._table,
            {"sku": sku},
            "ADD " + ", ".join(f"#{name} :{name}" for name in changes),
            condition=" AND ".join(conditions),
            names={f"#{name}": name for name in changes},
            values=values,
        )


def _to_stock(item: Item) -> StockItem:
    price = Money(item["currency"], item["minor_units"])
    return StockItem(item["sku"], item["name"], price, item["free"], item["reserved"], item["sold"], item["revision"])


def _from_stock(item: StockItem) -> Item:
    return {
        "sku": item.sku,
        "name": item.name,
        "currency": item.unit_price.currency,
        "minor_units": item.unit_price.minor_units,
        "free": item.free,
        "reserved": item.reserved,
        "sold": item.sold,
        "revision": item.revision,
    }
