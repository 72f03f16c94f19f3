"""Orders over a repository in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shop_contracts.proto.inventory.v1 import events_pb2 as inventory
from shop_contracts.proto.payments.v1 import events_pb2 as payments
from shop_contracts.proto.pricing.v1 import redemptions_pb2 as pricing
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.testing.event_log import received

from shop_services.orders.adapters.answers import INVENTORY_EVENTS, PAYMENT_EVENTS, REDEMPTIONS, AnswerHandler
from shop_services.orders.adapters.erasures import erasures
from shop_services.orders.adapters.in_memory import QUOTE, InMemoryOrderRepository
from shop_services.orders.application.checkout import PlaceOrder, cancel_order, place_order, take_answer
from shop_services.orders.application.ports import CheckoutPolicy
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import Answer
from shop_services.orders.domain.order import Order

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CANCELLED = "cancel"
_POLICY = CheckoutPolicy(timedelta(seconds=90), timedelta(seconds=5), timedelta(seconds=60))


def rehearsal() -> Rehearsal:
    """The handlers of orders, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(kind: str) -> Sequence[Subscription[Any]]:
    del kind  # any answer may come at any stage: it is a fact
    return *_handler(InMemoryOrderRepository(_now, _POLICY, knows_all=True)).subscriptions(), erasures(_forget)


def _handler(orders: InMemoryOrderRepository) -> AnswerHandler:
    async def take(_message_id: str, order_id: str, answer: Answer) -> Order | None:
        return await take_answer(order_id, answer, orders=orders, clock=_now)

    return AnswerHandler(take, EndedOrders())


async def _forget(_customer_id: str) -> None:
    return


def _now() -> datetime:
    return _NOON


async def _sends() -> Sequence[OutgoingMessage]:
    orders = InMemoryOrderRepository(_now, _POLICY)
    handler = _handler(orders)
    for number, story in enumerate(_STORIES):
        order_id = f"ord_{number}"
        coupons = ("AUTUMN",) if any(kind.startswith("coupons") for kind in story) else ()
        wish = PlaceOrder("cus_1", replace(QUOTE, id=f"qte_{number}", coupons=coupons), "tok_visa")
        await place_order(wish, orders=orders, clock=_now, new_order_id=_always(order_id))
        for kind in story:
            if kind == _CANCELLED:
                await cancel_order(order_id, customer_id="cus_1", explanation="Changed my mind.", orders=orders, clock=_now)
            elif kind.startswith("stock"):
                event = _stock_event(order_id, kind)
                told = outgoing(INVENTORY_EVENTS, order_id, event, source="/shop/inventory", sequence=1)
                await handler.handle_inventory(received(told, inventory.InventoryEvent))
            elif kind.startswith("coupons"):
                redemption = pricing.RedemptionEvent(order_id=order_id)
                getattr(redemption, kind).SetInParent()
                told = outgoing(REDEMPTIONS, order_id, redemption, source="/shop/pricing", sequence=1)
                await handler.handle_redemptions(received(told, pricing.RedemptionEvent))
            else:
                answer = payments.PaymentEvent(order_id=order_id, payment_id="pay_1")
                getattr(answer, kind).SetInParent()
                told = outgoing(PAYMENT_EVENTS, order_id, answer, source="/shop/payments", sequence=1)
                await handler.handle_payments(received(told, payments.PaymentEvent))
    return orders.messages


_STORIES = (
    ("stock_reserved", "payment_authorised", "stock_committed", "payment_captured"),
    ("stock_rejected",),
    ("stock_reserved", "payment_declined", "stock_released"),
    ("stock_reserved", "coupons_redeemed", "payment_declined", "stock_released", "coupons_released"),
    ("stock_reserved", _CANCELLED, "payment_captured", "stock_released", "payment_refunded"),
)
"""Orders that complete, are rejected, are compensated with a void and with a coupon, and are cancelled with a refund."""


def _stock_event(order_id: str, kind: str) -> inventory.InventoryEvent:
    event = inventory.InventoryEvent(order_id=order_id, reservation_id="res_1")
    getattr(event, kind).SetInParent()
    if kind == "stock_rejected":
        event.stock_rejected.shortages.add(sku="SKU-0001", requested=2, available=1)
    return event


def _always(order_id: str) -> Callable[[], str]:
    return lambda: order_id
