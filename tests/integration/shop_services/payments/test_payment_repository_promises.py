"""What the repository promises: the same suite for DynamoDB and for the one in memory, so that the latter cannot lie."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fakes.bare_platform import PlatformSettings, make_table
from shop_kit.aggregates import Stale
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.clock import SystemClock
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Money
from shop_kit.testing.aggregates import AggregateTable
from shop_kit.testing.event_log import EventLog
from shop_services.payments.adapters.in_memory import InMemoryPaymentRepository
from shop_services.payments.adapters.payment_repository import DynamoPaymentRepository
from shop_services.payments.application.ports import PaymentRepository
from shop_services.payments.domain.payment import Payment, Refusal, authorised

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
EUROS = Money("EUR", 5000)
CLOSED = Refusal("account_closed", "The account is closed.")
Processes = Callable[[], PaymentRepository]


@asynccontextmanager
async def on_dynamodb(platform: PlatformSettings) -> AsyncIterator[Processes]:
    """Processes on real tables; their events go to a log in memory."""
    name = f"pay-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client:
        indexes = [("by-order", "order_id", "id", "S"), ("open-refunds", "open_refund", "open_refund_at", "N")]
        await make_table(client, name, "pk", "sk", indexes=indexes)
        await make_table(client, f"{name}-outbox", "pk", "sk")
        dynamo = Dynamo(client)

        def process() -> PaymentRepository:
            outbox = DynamoOutbox(
                dynamo,
                table=name,
                outbox_table=f"{name}-outbox",
                producer=EventLog(),  # type: ignore[arg-type]  # nothing is relayed here
                metrics=Metrics(),
                clock=SystemClock(),
            )
            return DynamoPaymentRepository(dynamo, outbox, table=name)

        yield process


@pytest.fixture(params=["in memory", "dynamodb"])
async def process(request: pytest.FixtureRequest) -> AsyncIterator[Processes]:
    if request.param == "in memory":
        table = AggregateTable[Payment]()
        yield lambda: InMemoryPaymentRepository(table)
        return
    async with on_dynamodb(request.getfixturevalue("platform")) as real:
        yield real


async def captured(payments: PaymentRepository, order: str) -> Payment:
    payment = await payments.save(authorised(f"pay-{order}", order, "cus-1", EUROS, issuer="visa"), handling="m-1")
    return await payments.save(payment.captured(), handling="m-2")


async def test_a_payment_is_found_as_it_was_saved(process: Processes) -> None:
    payments = process()
    payment = await captured(payments, "o1")
    payment = await payments.intend(payment.refund_asked("r1", Money("EUR", 2000), "broken", at=1_000.5))
    payment = await payments.save(payment.refund_refused("r1", CLOSED), refund_id="r1")

    assert await process().find("pay-o1", fresh=True) == payment
    assert await process().of_order("o1") == [payment]
    assert (payment.revision.version, payment.revision.sequence, payment.revision.handled) == (4, 3, ("m-1", "m-2"))


async def test_a_process_remembers_what_it_wrote_and_reads_what_is_stored_when_it_is_asked_to(process: Processes) -> None:
    one, other = process(), process()
    payment = await one.save(authorised("pay-o1", "o1", "cus-1", EUROS))
    stored = await other.save(payment.captured())

    assert await one.find("pay-o1", fresh=False) == payment
    assert await one.find("pay-o1", fresh=True) == stored


async def test_what_another_process_has_changed_is_not_overwritten_and_not_remembered_any_more(process: Processes) -> None:
    one, other = process(), process()
    payment = await one.save(authorised("pay-o1", "o1", "cus-1", EUROS))
    stored = await other.save(payment.captured())

    with pytest.raises(Stale):
        await one.save(payment.voided())
    with pytest.raises(Stale):
        await process().save(authorised("pay-o1", "o1", "cus-1", EUROS))

    assert await one.find("pay-o1", fresh=False) == stored


async def test_refunds_are_listed_while_they_are_pending_and_while_a_person_has_to_see_to_them(process: Processes) -> None:
    payments = process()
    for number, order in enumerate(("o1", "o2", "o3")):
        payment = await captured(payments, order)
        await payments.intend(payment.refund_asked("whole", EUROS, "undone", at=1_000.0 + number))

    assert [one async for one in payments.with_pending_refunds(asked_before=1_001.0)] == ["pay-o1", "pay-o2"]
    for order, refusal in (("o1", CLOSED), ("o2", None), ("o3", CLOSED)):
        payment = await payments.find(f"pay-{order}", fresh=True) or pytest.fail(order)
        await payments.save(payment.refund_refused("whole", refusal) if refusal else payment.refund_given("whole"))

    assert [one async for one in payments.with_pending_refunds(asked_before=2_000.0)] == []
    page = await payments.with_failed_refunds(limit=10, behind=None)
    assert [payment.id for payment in page.items] == ["pay-o1", "pay-o3"]


async def test_pages_of_failed_refunds_hold_each_once(process: Processes, request: pytest.FixtureRequest) -> None:
    if "in memory" in request.node.name:
        pytest.skip("has one page")
    payments = process()
    for number in range(5):
        payment = await captured(payments, f"o{number}")
        payment = payment.refund_asked("whole", EUROS, "undone", at=1_000.0 + number // 2)
        await payments.save(payment.refund_refused("whole", CLOSED), refund_id="whole")
    found, position = [], None

    while True:
        page = await payments.with_failed_refunds(limit=2, behind=position)
        found += [payment.id for payment in page.items]
        position = page.next_position
        if position is None:
            break

    assert sorted(found) == [f"pay-o{number}" for number in range(5)]
