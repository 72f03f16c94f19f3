"""What must be true of the books. Each function gives a sentence for each thing that is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from shop_books.entries import COMPLETED, FINAL, Calls, Charge, Closed, Opened, Order


def broken(opened: Opened, closed: Closed, visitors: Mapping[str, Calls]) -> list[str]:
    """Return everything that is wrong between two looks into the books; nothing where they are right.

    `visitors` are calls by operation of those who came meanwhile. Others may have come as well.
    """
    return [
        *closed.unrest,
        *_orders_without_an_end(closed),
        *_orders_that_visitors_have_and_the_shop_not(closed, visitors),
        *_wrong_stock(opened, closed),
        *(wrong for order in closed.orders for wrong in wrong_money(order, closed.charges.get(order.id, ()))),
        *(f"{count} messages in {topic}" for topic, count in _more(opened.dead_letters, closed.dead_letters)),
        *([f"{closed.failed_refunds} refunds that failed"] if closed.failed_refunds else []),
        *closed.disorder,
    ]


def _orders_without_an_end(closed: Closed) -> Iterator[str]:
    """Each accepted order reaches one final state, and stays there."""
    for order in closed.orders:
        outcomes = sorted(set(order.outcomes))
        if order.was_accepted and not outcomes:
            yield f"{order.id} was accepted and never ended"
        if len(outcomes) > 1:
            yield f"{order.id} ended as {' and as '.join(outcomes)}"


def _orders_that_visitors_have_and_the_shop_not(closed: Closed, visitors: Mapping[str, Calls]) -> Iterator[str]:
    """What a visitor was told to be accepted or completed is so in the books."""
    accepted = sum(order.was_accepted for order in closed.orders)
    completed = sum(COMPLETED in order.outcomes for order in closed.orders)
    for operation, there, what in (("placeOrder", accepted, "accepted"), ("order to completed", completed, "completed")):
        told = visitors.get(operation, Calls(0, 0))
        if told.calls - told.failed > there:
            yield f"visitors were told of {told.calls - told.failed} {what} orders, and the shop has {there}"


def _wrong_stock(opened: Opened, closed: Closed) -> Iterator[str]:
    """No unit is lost, sold twice or kept back: what is sold is what completed orders are of."""
    sold: Counter[str] = Counter()
    for order in closed.orders:
        if COMPLETED in order.outcomes:
            sold.update(order.units)
    everything_ended = all(set(order.outcomes) & FINAL for order in closed.orders)
    for sku, after in closed.stock.items():
        before = opened.stock.get(sku)
        if after.free < 0 or after.free + after.reserved + after.sold != after.stocked:
            yield f"{sku}: {after.free} free, {after.reserved} reserved and {after.sold} sold are not the {after.stocked} there are"
        if before is None:
            continue
        if everything_ended and after.reserved > before.reserved:
            yield f"{sku}: {after.reserved} are reserved, {before.reserved} were before, and no order waits for them"
        if after.sold - before.sold != sold[sku]:
            yield f"{sku}: {after.sold - before.sold} more are sold, and completed orders are of {sold[sku]}"


def wrong_money(order: Order, charges: tuple[Charge, ...]) -> Iterator[str]:
    """One charge an order at most; its total is kept where it completed, and nothing but what is owed where it did not."""
    if len(order.outcomes) == 0:
        return
    due = order.total if COMPLETED in order.outcomes else order.owed
    kept = sum(charge.kept for charge in charges)
    if kept != due:
        yield f"{order.id} is {order.outcomes[-1]}: {kept} were kept for it, and {due} are due"
    if len(charges) > 1:
        yield f"{order.id} was charged {len(charges)} times"


def _more(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    yield from ((topic, count - before.get(topic, 0)) for topic, count in after.items() if count > before.get(topic, 0))
