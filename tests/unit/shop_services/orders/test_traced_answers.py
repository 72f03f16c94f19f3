"""What the trace of an order says of each answer that was taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fakes.quotes import a_quote
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shop_contracts.proto.payments.v1.events_pb2 import PaymentDeclined, PaymentEvent
from shop_kit.messages import Received
from shop_services.orders.adapters.answers import AnswerHandler
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import Answer
from shop_services.orders.domain.order import Cancellation, Ending, Order, Rejection, RejectionReason, Stage

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORDER = Order("ord_1", 4, "cst_1", a_quote(("mug", 1, 1999)), "tok", NOW, NOW)


@pytest.mark.parametrize(
    ("stage", "ending", "outcome"),
    [
        (Stage.COMPENSATING, None, None),
        (Stage.COMPLETED, None, "completed"),
        (
            Stage.REJECTED,
            Rejection(RejectionReason.PAYMENT_DECLINED, "The card was declined."),
            "rejected: payment-declined, The card was declined.",
        ),
        (Stage.CANCELLED, Cancellation("changed my mind"), "cancelled: changed my mind"),
        (Stage.CANCELLED, Cancellation(""), "cancelled"),
    ],
)
async def test_a_step_says_how_far_the_order_is_and_the_last_one_what_became_of_it(
    stage: Stage, ending: Ending | None, outcome: str | None
) -> None:
    async def take(message_id: str, order_id: str, answer: Answer) -> Order:
        return replace(ORDER, stage=stage, ending=ending)

    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    event = PaymentEvent(order_id="ord_1", payment_declined=PaymentDeclined())

    with provider.get_tracer("test").start_as_current_span("PaymentDeclined process"):
        await AnswerHandler(take, EndedOrders()).handle_payments(
            Received(event, "msg_1", "PaymentDeclined", "payments", 1, "ord_1", "shop.payments.events.v1", 0, 7, {})
        )

    (span,) = spans.get_finished_spans()
    assert (span.attributes or {}).get("shop.stage") == stage
    assert (span.attributes or {}).get("shop.outcome") == outcome
