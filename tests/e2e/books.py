"""The shop's books after whatever happened: stock, money, order of events, and what lies where nothing should be left."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import asyncpg
from bench.checkout_load import FINAL, Sent
from confluent_kafka import Message
from e2e.shop import PRICE, Shop, TooLate, all_at_once, aws_of, kept_of, until
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.settings import AwsSettings

GROUPS = ("orders", "inventory", "payments", "pricing")
TOPICS = (
    "shop.orders.events.v1",
    "shop.inventory.commands.v1",
    "shop.inventory.events.v1",
    "shop.payments.commands.v1",
    "shop.payments.events.v1",
    "shop.pricing.commands.v1",
    "shop.pricing.redemptions.v1",
)
SETTLED_WITHIN_SECONDS = 120.0


def wrong_in_the_books(
    shop: Shop, stocked: Mapping[str, int], sent: Sequence[Sent], *, put_aside: Mapping[str, int] | None = None
) -> list[str]:
    """Return a sentence for each thing that is not as it should be, once the shop has come to rest; none when the books are right.

    `stocked` has the units of each article that only `sent` orders were for, one unit each; `put_aside` the dead letters by topic
    that were there before.
    """
    rest = unsettled(shop, put_aside or {})
    return [*unfinished(sent), *rest, *_wrong_stock(shop, stocked, sent), *_wrong_money(shop, sent)]


def unsettled(shop: Shop, put_aside: Mapping[str, int]) -> list[str]:
    """Return a sentence for each thing that lies where nothing should be left, or was told in the wrong order, once the shop has
    come to rest. `put_aside` are the dead letters by topic that were there before.
    """
    return [
        *_unrest(shop),
        *(f"{count} messages in {topic}" for topic, count in shop.dead_letters().items() if count != put_aside.get(topic)),
        *(f"a refund that failed: {refund}" for refund in shop.failed_refunds()),
        *out_of_order(shop.records(*TOPICS)),
    ]


def unfinished(sent: Sequence[Sent]) -> Iterator[str]:
    """Accepted orders that did not end, and ids that two visitors were given."""
    accepted = [one for one in sent if one.order_id is not None]
    yield from (f"{one.order_id} was accepted and ended as {one.outcome!r}" for one in accepted if one.outcome not in FINAL)
    yield from (
        f"two visitors have {order_id}" for order_id, count in Counter(one.order_id for one in accepted).items() if count > 1
    )


def _unrest(shop: Shop) -> Iterator[str]:
    """What is still to be published or to be handled when the shop has had its time."""
    try:
        shop.until_all_is_consumed(*GROUPS)
    except TooLate as late:
        yield str(late)
    outboxes = Outboxes.of(shop)
    try:
        until("the outboxes are empty", lambda: not any(outboxes.count().values()), seconds=SETTLED_WITHIN_SECONDS)
    except TooLate as late:
        yield f"{late}: {outboxes.count()}"


def _wrong_stock(shop: Shop, stocked: Mapping[str, int], sent: Sequence[Sent]) -> Iterator[str]:
    """Each completed order has moved one unit, one whose end nobody saw at most one, every other one none."""
    least = Counter(one.sku for one in sent if one.outcome == "completed")
    most = least + Counter(one.sku for one in sent if one.outcome not in FINAL)

    def is_wrong(sku: str) -> str | None:
        free, reserved, sold = shop.stock(sku)
        if free >= 0 and free + sold == stocked[sku] and reserved == 0 and least[sku] <= sold <= most[sku]:
            return None
        return f"{sku}: {free} free, {reserved} reserved, {sold} sold of {stocked[sku]}, {least[sku]} orders completed"

    def all_wrong() -> list[str]:
        return [wrong for wrong in all_at_once([partial(is_wrong, sku) for sku in stocked]) if wrong]

    try:
        until("stock is right", lambda: not all_wrong(), seconds=SETTLED_WITHIN_SECONDS)
    except TooLate:
        yield from all_wrong()


def _wrong_money(shop: Shop, sent: Sequence[Sent]) -> Iterator[str]:
    """One charge an order at most; its price is kept where it completed, and nothing where it did not."""
    final = [one for one in sent if one.order_id is not None and one.outcome in FINAL]
    ledgers = all_at_once([partial(shop.ledger, one.order_id or "") for one in final])
    for one, lines in zip(final, ledgers, strict=True):
        price, kept = PRICE if one.outcome == "completed" else 0, sum(map(kept_of, lines))
        if len(lines) > 1 or kept != price:
            yield f"{one.order_id} is {one.outcome}, its price is {price}, and the provider has {lines}"


@dataclass(frozen=True)
class Outboxes:
    """Where the services keep what is to be published: a database, and tables by service."""

    database: str
    tables: Mapping[str, str]
    aws: AwsSettings

    @classmethod
    def of(cls, shop: Shop) -> Outboxes:
        """Find them as the services do, through their variables."""
        variables = {name: shop.sandbox.cli("env", "--service", name) for name in GROUPS}
        tables = {name: variables[name][f"SHOP_TABLE_{name.upper()}_OUTBOX"] for name in GROUPS if name != "orders"}
        return cls(variables["orders"]["DATABASE_URL"], tables, aws_of(shop.environment))

    def count(self) -> dict[str, int]:
        """Return how many messages wait, by service."""
        return asyncio.run(self._count())

    async def _count(self) -> dict[str, int]:
        connection = await asyncpg.connect(self.database, timeout=10)
        try:
            found = {"orders": int(await connection.fetchval("select count(*) from outbox"))}
        finally:
            await connection.close()
        async with AwsClient.connect(self.aws) as client:
            dynamo = Dynamo(client)
            return found | {name: len((await dynamo.scan(table)).items) for name, table in self.tables.items()}


def out_of_order(records: Sequence[Message]) -> list[str]:
    """Return where a message stands in its topic behind one of the same key and source that was said later.

    A repeated message does not count: it is the first time that counts.
    """
    wrong: list[str] = []
    seen: set[tuple[object, ...]] = set()
    newest: defaultdict[tuple[object, ...], int] = defaultdict(int)
    for record in records:
        headers = {name: _text(value) for name, value in dict(record.headers() or ()).items()}
        if "ce_source" not in headers:  # of no service: a test put it there
            continue
        key, sequence = (record.topic(), record.key(), headers["ce_source"]), int(headers["ce_sequence"])
        if (*key, headers["ce_id"]) in seen:
            continue
        seen.add((*key, headers["ce_id"]))
        if sequence <= newest[key]:
            wrong.append(f"{record.topic()} {record.key()!r}: {headers['ce_type']} {sequence} comes after {newest[key]}")
        newest[key] = max(newest[key], sequence)
    return wrong


def _text(header: str | bytes | None) -> str:
    return header.decode() if isinstance(header, bytes) else header or ""
