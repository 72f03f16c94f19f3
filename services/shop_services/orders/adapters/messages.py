"""What orders sends: topics, and the messages that follow from events and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.orders.adapters import contracts
from shop_services.orders.domain.checkout import Command, CouponCommand, StockCommand
from shop_services.orders.domain.order import Event, Order

ORDER_EVENTS = "shop.orders.events.v1"
INVENTORY_COMMANDS = "shop.inventory.commands.v1"
PRICING_COMMANDS = "shop.pricing.commands.v1"
PAYMENT_COMMANDS = "shop.payments.commands.v1"
SOURCE = "/shop/orders"


def messages_about(
    order: Order, events: Sequence[tuple[int, Event]], commands: Sequence[Command], *, hold: timedelta, after: int
) -> Iterator[OutgoingMessage]:
    """Yield what is told of events (with the versions they make) and what is asked, numbered from behind `after`."""
    told = [contracts.public_event(order, event, version=version, at=order.updated_at) for version, event in events]
    sequence = after
    for message in told:
        if message is not None:
            sequence += 1
            yield outgoing(ORDER_EVENTS, order.id, message, source=SOURCE, sequence=sequence)
    for command in commands:
        sequence += 1
        if isinstance(command, StockCommand):
            asked = contracts.stock_command(order.id, command, hold=hold)
            yield outgoing(INVENTORY_COMMANDS, order.id, asked, source=SOURCE, sequence=sequence)
        elif isinstance(command, CouponCommand):
            coupons = contracts.coupon_command(command)
            yield outgoing(PRICING_COMMANDS, order.id, coupons, source=SOURCE, sequence=sequence)
        else:
            payment = contracts.payment_command(order.id, command)
            yield outgoing(PAYMENT_COMMANDS, order.id, payment, source=SOURCE, sequence=sequence)
