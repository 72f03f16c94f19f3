"""What must be true of a shop that has come to rest, after whatever happened to it. Each sentence that is returned is a broken
one.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shop_contracts.proto.inventory.v1.stock_pb2 import StockEvent, StockLevel
from shop_kit import wire
from shop_services.inventory.domain.stock import Level

from simulation.faults import Blow, Moment
from simulation.history import COUPONS, PRICING, PlaceOrder, Restock
from simulation.virtual_time import EPOCH

if TYPE_CHECKING:
    from simulation.history import History
    from simulation.models.kafka import Record
    from simulation.models.provider import Line
    from simulation.run import Customers
    from simulation.shop import Shop

STOCK, PAYMENTS, INVENTORY = "inventory-stock", "payments", "inventory"
NEWER_VERSION = "a newer version"
"""The customer of an order that this version cannot read: nothing is asked of it but to be in nobody's way."""
FINAL = {"completed", "rejected", "cancelled"}
WAITING = {"reserving", "authorising", "committing"}
"""The stages in which an order that takes too long is given up."""
GIVING_UP_SECONDS = 1.5
RETURNED_WITHIN_SECONDS = 5.0
PUBLISHED_WITHIN_SECONDS = 18.0
"""Beyond the end of planned trouble: a time-out or two of 5 s, a restart, and the look for what a dead process left."""


class Ledger:
    """Watches a history: which settings of stock took effect, and what was written to the outboxes."""

    def __init__(self, shop: Shop) -> None:
        self.settings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.committed: dict[str, float] = {}
        """By id of a message the moment it was committed to an outbox."""
        self.held_too_long: list[str] = []
        """Reservations that were let go of long after they ran out."""
        self.waited: dict[str, float] = {}
        """By id of an order for how many seconds it was in a stage in which it may be given up."""
        self.overused: list[str] = []
        """Coupons that were used more often than they may be, or given back more often than used, at any moment."""
        self._outside = shop.outside
        shop.dynamo.watchers.append(self._written)
        shop.database.watchers.append(self._written_row)

    def _written(self, table: str, before: dict[str, Any] | None, after: dict[str, Any] | None, _writer: str) -> None:
        if self._outside.tells:
            self._tell(table, before, after)
        if table == INVENTORY and before is not None and before.get("status") == "reserved" != (after or {}).get("status"):
            late = self._outside.now + EPOCH - before["expires_at_ms"] / 1000
            if late > RETURNED_WITHIN_SECONDS:
                self.held_too_long.append(f"The goods of {before['order_id']} were held for {late:.0f} s after their time.")
        if table == STOCK and after is not None:
            had, has = _units(before), _units(after)
            if had != has:
                self.settings[after["sku"]].append((had, has))
        elif table == PRICING and after is not None and "used" in after:
            self.overused += _overused(after)
        elif table.endswith("-outbox") and after is not None:
            self.committed[json.loads(after["headers"])["ce_id"]] = self._outside.now

    def _tell(self, table: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        if table not in {PAYMENTS, INVENTORY} or after is None or "status" not in after or "id" not in after:
            return
        if (before or {}).get("status") != after["status"]:
            self._outside.tell(f"{after['id']} is written as {after['status']}.")

    def _written_row(self, table: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        if self._outside.tells and table == "orders" and after is not None and (before or {}).get("stage") != after["stage"]:
            self._outside.tell(f"{after['order_id']} is {after['stage']}.")
        if table == "orders" and before is not None and before["stage"] in WAITING and (after or before)["stage"] not in WAITING:
            self.waited[before["order_id"]] = self._outside.now + EPOCH - before["accepted_at"].timestamp()
        if table == "outbox" and before is None and after is not None:
            self.committed[json.loads(after["headers"])["ce_id"]] = self._outside.now


def _overused(item: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with how often a coupon was used, in all or by a customer."""
    by_customer = item["pk"] != "coupons"
    code = item["code"] if by_customer else item["sk"]
    most = COUPONS[code].get("mostUsesByCustomer" if by_customer else "mostUses")
    who = f" by {item['pk'].rpartition('#')[2]}" if by_customer else ""
    if item["used"] < 0 or (most is not None and item["used"] > most):
        yield f"Coupon {code} is used {item['used']} times{who}, and may be at most {most}"


def _units(item: dict[str, Any] | None) -> int:
    return 0 if item is None else item["free"] + item["reserved"] + item["sold"]


def broken(history: History, shop: Shop, customers: Customers, ledger: Ledger, *, is_settled: bool) -> Iterator[str]:
    """Yield a sentence for each thing that is not as it must be."""
    if not is_settled:
        yield from (f"It never came to rest: {what}." for what in shop.unfinished()[:4])
    yield from _parked(history, shop)
    yield from _stock(history, shop, ledger)
    yield from _orders(shop)
    yield from _prices(shop, customers)
    yield from _coupons(history, shop, customers, ledger)
    yield from _money(shop)
    yield from _order_of_messages(shop)
    yield from _answered_once(shop)
    yield from _published_in_time(history, shop, ledger)
    yield from _given_up_in_time(history, shop, ledger)
    yield from _returned_in_time(history, ledger)
    yield from _stopped_cleanly(history, shop)
    yield from _clients(history, shop, customers)


def _parked(history: History, shop: Shop) -> Iterator[str]:
    """With the dead letters is what nobody can read, and nothing that was not at fault; a key whose card is silent makes room."""
    has_silent_card = any(getattr(deed, "token", "") == "tok_silent" for deed in history.deeds)
    buried = 0
    for topic in shop.kafka.topics:
        if topic.endswith(".dlq"):
            for record in shop.kafka.records(topic):
                if record.key == b"poison":
                    buried += 1
                    continue
                headers = {name: (value or b"").decode() for name, value in record.headers}
                kind = headers.get("ce_type", "?").rpartition(".")[2]
                key, reason = (record.key or b"").decode(), headers.get("dlq_reason")
                if has_silent_card and topic.startswith("shop.payments.commands"):
                    continue
                yield f"A good message is with the dead letters: {kind} for {key} ({reason})."
    poisons = sum(type(deed).__name__ == "Poison" for deed in history.deeds)
    if buried < poisons:
        yield "Something that nobody can read was not put aside."


def _stock(history: History, shop: Shop, ledger: Ledger) -> Iterator[str]:
    """No unit is made or lost but by a setting, which takes effect once; no count falls below 0."""
    for (sku,), item in shop.dynamo.tables[STOCK].items.items():
        for name in ("free", "reserved", "sold"):
            if item[name] < 0:
                yield f"Oversold: {sku} has {item[name]} {name}."
    for sku, changes in ledger.settings.items():
        asked = Counter(deed.more for deed in history.deeds if isinstance(deed, Restock) and deed.sku == sku)
        added = Counter(has - had for had, has in changes)
        steps = ", then ".join(f"from {had} to {has}" for had, has in changes)
        for units, times in (added - asked).items():
            if units in asked:
                yield f"A setting of {sku} took effect {times + asked[units]} times: units in stock went {steps}."
            else:
                yield f"Units of {sku} were made or lost: {steps}."
    yield from _levels(shop)


def _levels(shop: Shop) -> Iterator[str]:
    """The last that the world was told of an article is its level."""
    told: dict[str, StockEvent] = {}
    for record in shop.kafka.records("shop.inventory.stock.v1"):
        event = StockEvent.FromString(wire.unframe(record.value or b"")[2])
        if event.version >= getattr(told.get(event.sku), "version", 0):
            told[event.sku] = event
    for sku, event in told.items():
        free = shop.dynamo.tables[STOCK].items[sku,]["free"]
        level = StockLevel.Name(event.stock_level_changed.level).removeprefix("STOCK_LEVEL_")
        if Level.of(free).name != level:
            yield f"{free} of {sku} are free, and the world was last told that it is {level}."


def _owed(shop: Shop, order_id: str, total: int) -> int:
    """Return what an order says that its customer is still to get, of what the provider refused to give back."""
    owed, left = 0, total
    for (of, _), event in sorted(shop.database.tables["order_events"].items()):
        match event["kind"] if of == order_id else None:
            case "refunded-in-part":
                left = json.loads(event["body"])["stillTaken"]
                owed = min(owed, left)
            case "refund-failed":
                owed = left
            case "payment-returned":
                owed = 0
    return owed


def _orders(shop: Shop) -> Iterator[str]:
    """Each order's goods and money are where its end says."""
    reservations = {
        item["order_id"]: item
        for key, item in shop.dynamo.tables[INVENTORY].items.items()
        if str(key[0]).startswith("reservation#")
    }
    charges: dict[str, list[Line]] = defaultdict(list)
    for line in shop.provider.lines.values():
        charges[line.order_id].append(line)
    orders = shop.database.tables["orders"]
    for order_id, row in orders.items():
        if row["customer_id"] == NEWER_VERSION:
            continue
        stage, total = row["stage"], row["total_minor_units"]
        reservation = reservations.get(order_id)
        held = reservation["status"] if reservation else "none"
        lines = charges.get(order_id, [])
        taken = sum(line.minor_units for line in lines if line.status == "captured")
        back = sum(line.refunded for line in lines)
        if stage == "completed":
            if held != "committed":
                yield f"{order_id} is completed, and its goods are {held}."
            if taken != total:
                yield f"{order_id} is completed for {total}, and the provider took {taken}."
        elif stage in FINAL:
            if held in {"reserved", "committed"}:
                yield f"{order_id} is {stage}, and its goods are still {held}."
            owed = _owed(shop, order_id, total)
            if taken - back != owed:
                yield f"{order_id} is {stage} and owes {owed}, and the provider keeps {taken - back}."
            if any(line.status == "held" for line in lines):
                yield f"{order_id} is {stage}, and money is still held."
        if sum(line.holds for line in lines) > 1:
            yield f"Money was held more than once for {order_id}."
    for order_id, lines in charges.items():
        if order_id not in orders and any(line.status in {"held", "captured"} for line in lines):
            yield f"Money is held or taken for {order_id}, which is not there."
    for order_id, item in reservations.items():
        if order_id not in orders and item["status"] in {"reserved", "committed"}:
            yield f"Goods are {item['status']} for {order_id}, which is not there."


def _prices(shop: Shop, customers: Customers) -> Iterator[str]:
    """An order costs what its customer was quoted, and a quote makes one order."""
    orders = shop.database.tables["orders"]
    for order_id, total in customers.quoted.items():
        if order_id in orders and orders[order_id]["total_minor_units"] != total:
            yield f"{order_id} was quoted for {total}, and costs {orders[order_id]['total_minor_units']}."
    quotes = Counter(row["quote_id"] for row in orders.values() if row["quote_id"] is not None)
    yield from (f"Quote {quote} has made {count} orders." for quote, count in quotes.items() if count > 1)


def _coupons(history: History, shop: Shop, customers: Customers, ledger: Ledger) -> Iterator[str]:
    """No coupon is ever used more often than it may be; completed orders have used theirs, and all others have given them back."""
    yield from (f"{sentence}." for sentence in ledger.overused)
    items = shop.dynamo.tables[PRICING].items
    redemptions = {item["id"]: item for (key, _), item in items.items() if str(key).startswith("redemption#")}
    redeemed = [item for item in redemptions.values() if item["status"] == "redeemed"]
    for code in COUPONS:
        count = sum(code in item["codes"] for item in redeemed)
        if items["coupons", code]["used"] != count:
            yield f"Coupon {code} counts as used {items['coupons', code]['used']} times, and {count} orders use it."
    counts_on = {deed.number: deed.coupons for deed in history.deeds if isinstance(deed, PlaceOrder)}
    orders = shop.database.tables["orders"]
    for number, order_id in customers.order_ids.items():
        coupons, stage = counts_on.get(number, ()), orders[order_id]["stage"] if order_id in orders else None
        status = redemptions[order_id]["status"] if order_id in redemptions else None
        if stage == "completed" and coupons and status != "redeemed":
            yield f"{order_id} is completed at a price that counts on {coupons}, and these are {status}."
        if stage in FINAL - {"completed"} and status == "redeemed":
            yield f"{order_id} is {stage}, and its coupons are still used."
        if not coupons and status is not None:
            yield f"{order_id} counts on no coupon, and they are {status}."
    yield from (f"Coupons are used for {one['id']}, which is not there." for one in redeemed if one["id"] not in orders)


def _money(shop: Shop) -> Iterator[str]:
    """What the provider gave back is what payments says it gave back."""
    book = {item["id"]: item for key, item in shop.dynamo.tables[PAYMENTS].items.items() if str(key[0]).startswith("payment#")}
    for line in shop.provider.lines.values():
        payment = book.get(line.payment_id)
        given = [refund["minor_units"] for refund in payment["refunds"] if refund["status"] == "succeeded"] if payment else []
        noted = sum(given)
        if noted != line.refunded:
            yield f"The provider gave back {line.refunded} of {line.payment_id}, and the book says {noted}."
        if line.refunded > line.minor_units:
            yield f"More was given back of {line.payment_id} than was taken."
        if payment is None and line.status in {"held", "captured"}:
            yield f"The provider has {line.payment_id} as {line.status}, and the book does not know it."


def _order_of_messages(shop: Shop) -> Iterator[str]:
    """In each topic the messages of a key stand in the order of their sequence, repetitions aside."""
    for topic in shop.kafka.topics:
        if topic.endswith(".dlq"):
            continue
        last: dict[bytes | None, int] = {}
        seen: set[str] = set()
        for record in shop.kafka.records(topic):
            if record.key == b"poison":
                continue
            headers = dict(record.headers)
            message_id = (headers.get("ce_id") or b"").decode()
            if message_id in seen:
                continue
            seen.add(message_id)
            sequence = int(headers.get("ce_sequence") or b"0")
            if sequence < last.get(record.key, 0):
                kind = (headers.get("ce_type") or b"?").decode().rpartition(".")[2]
                yield f"{kind} {sequence} of {(record.key or b'').decode()} came behind {last[record.key]} in {topic}."
            last[record.key] = max(sequence, last.get(record.key, 0))


def _published_in_time(history: History, shop: Shop, ledger: Ledger) -> Iterator[str]:
    """What is committed is published, and soon: a message that only leaves because somebody asked again was lost for that long."""
    published: dict[str, float] = {}
    for topic in shop.kafka.topics:
        for record in shop.kafka.records(topic):
            message_id = (dict(record.headers).get("ce_id") or b"").decode()
            published.setdefault(message_id, record.at)
    for message_id, committed in ledger.committed.items():
        at = published.get(message_id)
        if at is None:
            yield f"Message {message_id[:8]} was committed at {committed:.1f} s and never published."
        elif at > max(committed, history.trouble_ends if committed <= history.trouble_ends else 0.0) + PUBLISHED_WITHIN_SECONDS:
            yield f"Message {message_id[:8]} was committed at {committed:.1f} s and published {at - committed:.0f} s later."


def _given_up_in_time(history: History, shop: Shop, ledger: Ledger) -> Iterator[str]:
    """An order that may be given up waits for goods and money until its time is over, and not half as long again."""
    if any(
        "orders" in (getattr(fault, "process", None) or "") or getattr(fault, "dependency", "") == "postgresql"
        for fault in history.faults
    ):
        return  # who is away itself cannot look at the clock
    timing = shop.timing
    for order_id, took in ledger.waited.items():
        if took > timing.checkout_patience_seconds + timing.sweep_every_seconds + GIVING_UP_SECONDS:
            yield f"{order_id} was to be given up after {timing.checkout_patience_seconds:.0f} s, and waited for {took:.0f} s."


def _returned_in_time(history: History, ledger: Ledger) -> Iterator[str]:
    """Goods whose reservation has run out are free again, whatever has become of the order."""
    if not any(
        getattr(fault, "process", None) is not None or getattr(fault, "dependency", "") == "dynamodb" for fault in history.faults
    ):
        yield from ledger.held_too_long


def _stopped_cleanly(history: History, shop: Shop) -> Iterator[str]:
    """Who is told to stop while nothing else is wrong has published what it committed."""
    if all(isinstance(fault, Moment) and fault.blow is Blow.STOP for fault in history.faults):
        yield from (f"{sentence}." for sentence in shop.left_behind)


def id_of(record: Record) -> str:
    """Return the id of a message."""
    return (dict(record.headers).get("ce_id") or b"").decode()


def kind_of(record: Record) -> str:
    """Return the name of what a message says."""
    return (dict(record.headers).get("ce_type") or b"?").decode().rpartition(".")[2]


def _answered_once(shop: Shop) -> Iterator[str]:
    """A command has one answer, and with it one effect."""
    answers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for topic in ("shop.inventory.events.v1", "shop.payments.events.v1", "shop.pricing.redemptions.v1"):
        for record in shop.kafka.records(topic):
            headers = dict(record.headers)
            caused_by = headers.get("causationid")
            if caused_by:
                answers[topic, caused_by.decode()].add((headers["ce_id"] or b"").decode())
    buried = {id_of(record) for topic in shop.kafka.topics if topic.endswith(".dlq") for record in shop.kafka.records(topic)}
    answered = {cause for _topic, cause in answers}
    for topic in ("shop.inventory.commands.v1", "shop.payments.commands.v1", "shop.pricing.commands.v1"):
        for record in shop.kafka.records(topic):
            if record.key != b"poison" and id_of(record) not in answered | buried:
                yield f"{kind_of(record)} {id_of(record)[:8]} was never answered."
    for (topic, cause), ids in answers.items():
        if len(ids) > 1:
            yield f"Command {cause[:8]} was answered {len(ids)} times in {topic}."


def _clients(history: History, shop: Shop, customers: Customers) -> Iterator[str]:
    """A client that repeats under one key gets one effect, never an error of ours, and an answer once the trouble is over."""
    del history
    orders = shop.database.tables["orders"]
    for order_id in customers.order_ids.values():
        if order_id not in orders:
            yield f"{order_id} was accepted, and is not there."
    if len(set(customers.order_ids.values())) != len(customers.order_ids):
        yield "Two orders were given one id."
    count = sum(row["customer_id"] != NEWER_VERSION for row in orders.values())
    if count > customers.orders_asked_for:
        yield f"{customers.orders_asked_for} orders were asked for, and {count} are there."
    yield from (f"{sentence}." for sentence in customers.errors)
    yield from (f"{name} was told to stop, and had to be killed." for name in shop.had_to_be_killed)
    if customers.canary is not None and customers.canary != "completed":
        yield f"Long after all trouble was over, a new order did not come through: it is {customers.canary}."
