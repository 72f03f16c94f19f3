"""The shop's books after whatever happened: stock, money, order of events, and what lies where nothing should be left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from bench.checkout_load import FINAL, Sent
from e2e.shop import PRICE, Shop, TooLate, all_at_once, aws_of, kept_of, until
from shop_books.event_order import out_of_order
from shop_books.log import GROUPS, TOPICS
from shop_books.outboxes import Outboxes

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
    outboxes = Outboxes.of(shop.environment, aws_of(shop.environment))
    try:
        until("the outboxes are empty", lambda: not any(asyncio.run(outboxes.count()).values()), seconds=SETTLED_WITHIN_SECONDS)
    except TooLate as late:
        yield f"{late}: {asyncio.run(outboxes.count())}"


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
