"""Stock and reservations in DynamoDB.

A decision is one transaction: the reservation under its version, the stock under conditions that make overselling impossible, the
message it answers, and the event. What was read or written last is remembered, so that a decision usually needs no read at all; the
conditions find out when memory is out of date.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from shop_kit.aws.dynamo import Dynamo, Item, Put, TransactionCancelled, Update, Write
from shop_kit.inbox import AlreadyHandled
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Money

from shop_services.inventory.adapters.events import reservation_event
from shop_services.inventory.application.ports import HandledBefore, Stale, StockLevel, StockPage
from shop_services.inventory.domain.reservation import Decision, ReleaseReason, Reservation, ReservedLine, Shortage, Status
from shop_services.inventory.domain.stock import Movement, StockItem

EXPIRING_INDEX = "expiring"
HELD = "held"
"""Partition of the sparse index of reservations that hold stock. One takes 1,000 writes/s on AWS: 500 checkouts/s; beyond,
shard it."""

REMEMBERED = 10_000
UPDATES_IN_A_TRANSACTION = 50
V = TypeVar("V")


class Memory(Generic[V]):
    """The last few thousand values by key."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """Return the value, or None."""
        return self._values.get(key)

    def keep(self, key: str, value: V) -> None:
        """Remember a value; the oldest ones are forgotten."""
        self._values[key] = value
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)

    def forget(self, key: str) -> None:
        """Do not trust this one any more."""
        self._values.pop(key, None)


class DynamoWarehouse:
    """The Warehouse on a table of stock (key `sku`) and the service's own table (reservations), with its outbox."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, table: str, stock_table: str) -> None:
        self._dynamo = dynamo
        self._outbox = outbox
        self._table = table
        self._stock_table = stock_table
        self._items: Memory[StockItem] = Memory()
        self._reservations: Memory[Reservation] = Memory()

    async def items(self, skus: Sequence[str], *, fresh: bool) -> Mapping[str, StockItem]:
        """Return those articles that exist, as remembered unless `fresh`."""
        wanted = list(dict.fromkeys(skus))
        known = {} if fresh else {sku: item for sku in wanted if (item := self._items.get(sku))}
        missing = [sku for sku in wanted if sku not in known]
        if missing:
            for found in await self._dynamo.get_many(self._stock_table, [{"sku": sku} for sku in missing]):
                item = known[found["sku"]] = _to_stock(found)
                self._items.keep(item.sku, item)
        return known

    async def reservation(self, reservation_id: str, *, fresh: bool) -> Reservation | None:
        """Return the reservation, as remembered unless `fresh`."""
        known = None if fresh else self._reservations.get(reservation_id)
        if known is not None:
            return known
        found = await self._dynamo.get(self._table, _key(reservation_id))
        return _to_reservation(found) if found else None

    async def record(self, decision: Decision, *, handling: str | None) -> None:
        """Write the decision in one transaction and announce it. Raises Stale, HandledBefore."""
        reservation = decision.reservation
        prices = {line.sku: line.unit_price for line in reservation.lines}
        is_new = reservation.status is Status.RESERVED and bool(decision.movements)
        moves = [self._move(sku, move, prices[sku] if is_new else None) for sku, move in decision.movements.items()]
        writes: list[Write] = [self._put_reservation(reservation), *moves]
        try:
            await self._outbox.commit(writes, messages=[reservation_event(reservation)], handling=handling)
        except AlreadyHandled as error:
            raise HandledBefore from error
        except TransactionCancelled as error:
            self._reservations.forget(reservation.id)
            for sku in decision.movements:
                self._items.forget(sku)
            raise Stale from error
        self._reservations.keep(reservation.id, reservation)

    async def run_out(self, now: float, *, limit: int) -> Sequence[Reservation]:
        """Return reservations in the index that ran out, read consistently from the table by `record`'s condition."""
        page = await self._dynamo.query(
            self._table,
            "holding = :held AND holds_until <= :now",
            {":held": HELD, ":now": int(now * 1000)},
            index=EXPIRING_INDEX,
            limit=limit,
        )
        return [_to_reservation(item) for item in page.items]

    async def put(self, levels: Sequence[StockLevel]) -> None:
        """Set articles, some dozens in a transaction."""
        for start in range(0, len(levels), UPDATES_IN_A_TRANSACTION):
            await self._dynamo.transact([self._set(level) for level in levels[start : start + UPDATES_IN_A_TRANSACTION]])

    async def item(self, sku: str) -> StockItem | None:
        """Return the article, or None."""
        found = await self._dynamo.get(self._stock_table, {"sku": sku})
        return _to_stock(found) if found else None

    async def page(self, *, limit: int, behind: str | None) -> StockPage:
        """Up to `limit` articles in the table's own order."""
        page = await self._dynamo.scan(self._stock_table, limit=limit, start={"sku": behind} if behind else None)
        return StockPage([_to_stock(item) for item in page.items], page.next_key["sku"] if page.next_key else None)

    def _put_reservation(self, reservation: Reservation) -> Put:
        return Put(
            self._table,
            _from_reservation(reservation),
            condition="attribute_not_exists(pk)" if reservation.version == 1 else "version = :before",
            values={} if reservation.version == 1 else {":before": reservation.version - 1},
        )

    def _move(self, sku: str, movement: Movement, price: Money | None) -> Update:
        """Move units of one article. No count may fall below 0, and a new reservation must see the price it answers with."""
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
            self._stock_table,
            {"sku": sku},
            "ADD " + ", ".join(f"#{name} :{name}" for name in changes),
            condition=" AND ".join(conditions),
            names={f"#{name}": name for name in changes},
            values=values,
        )

    def _set(self, level: StockLevel) -> Update:
        self._items.forget(level.sku)
        return Update(
            self._stock_table,
            {"sku": level.sku},
            "SET #name = :name, currency = :currency, minor_units = :minor_units, #free = :free,"
            " #reserved = if_not_exists(#reserved, :none), #sold = if_not_exists(#sold, :none)",
            names={"#name": "name", "#free": "free", "#reserved": "reserved", "#sold": "sold"},
            values={
                ":name": level.name,
                ":currency": level.unit_price.currency,
                ":minor_units": level.unit_price.minor_units,
                ":free": level.free,
                ":none": 0,
            },
        )


def _key(reservation_id: str) -> dict[str, str]:
    return {"pk": f"reservation#{reservation_id}", "sk": "reservation"}


def _to_stock(item: Item) -> StockItem:
    price = Money(item["currency"], item["minor_units"])
    return StockItem(item["sku"], item["name"], price, item["free"], item["reserved"], item["sold"])


def _from_reservation(reservation: Reservation) -> Item:
    item: Item = {
        **_key(reservation.id),
        "id": reservation.id,
        "order_id": reservation.order_id,
        "status": reservation.status.value,
        "version": reservation.version,
        "lines": [
            {
                "sku": one.sku,
                "quantity": one.quantity,
                "currency": one.unit_price.currency,
                "minor_units": one.unit_price.minor_units,
            }
            for one in reservation.lines
        ],
        "shortages": [
            {"sku": one.sku, "requested": one.requested, "available": one.available, "is_unknown": one.is_unknown}
            for one in reservation.shortages
        ],
        "expires_at_ms": int(reservation.expires_at * 1000),
        "release_reason": reservation.release_reason.value if reservation.release_reason else None,
    }
    if reservation.status is Status.RESERVED:
        item |= {"holding": HELD, "holds_until": int(reservation.expires_at * 1000)}
    return item


def _to_reservation(item: Item) -> Reservation:
    reason = item.get("release_reason")
    return Reservation(
        id=item["id"],
        order_id=item["order_id"],
        status=Status(item["status"]),
        version=item["version"],
        lines=tuple(ReservedLine(one["sku"], one["quantity"], Money(one["currency"], one["minor_units"])) for one in item["lines"]),
        shortages=tuple(
            Shortage(one["sku"], one["requested"], one["available"], is_unknown=one["is_unknown"]) for one in item["shortages"]
        ),
        expires_at=item["expires_at_ms"] / 1000,
        release_reason=ReleaseReason(reason) if reason else None,
    )
