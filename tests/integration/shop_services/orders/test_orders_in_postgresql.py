"""Orders in a real PostgreSQL: one transaction for history, summary, outbox, inbox and answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from fakes.postgresql import postgresql
from fakes.quotes import a_quote
from fakes.relay import RememberingRelay
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_contracts.proto.orders.v1.events_pb2 import OrderEvent
from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_contracts.proto.pricing.v1.commands_pb2 import PricingCommand
from shop_kit import idempotency, wire
from shop_kit.aggregates.deciding import Stale
from shop_kit.context import bind
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_services.orders.adapters import order_repository
from shop_services.orders.adapters.erasures import LOOKED_FOR, ErasedCustomers
from shop_services.orders.adapters.identifiers import new_order_id
from shop_services.orders.adapters.order_repository import OrderWork, PostgresOrders
from shop_services.orders.adapters.sweeper import resuming
from shop_services.orders.application.checkout import OrderNotFound, PlaceOrder, cancel_order, place_order
from shop_services.orders.application.ports import CheckoutPolicy, OrderRepository, PageKey, QuoteAlreadyUsed
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import (
    Answer,
    CouponsWereRedeemed,
    CouponsWereReleased,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    PaymentWasDeclined,
    PaymentWasVoided,
    StockWasCommitted,
    StockWasReleased,
    StockWasReserved,
    answered,
)
from shop_services.orders.domain.order import Cancellation, Coupons, Order, RejectionReason, Stage
from shop_services.orders.domain.quote import Quote

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

MIGRATIONS = Path(__file__).resolve().parents[4] / "services/shop_services/orders/migrations"
POLICY = CheckoutPolicy(timedelta(seconds=90), timedelta(seconds=5), timedelta(seconds=60))
RESERVED = StockWasReserved()
HAPPY: list[Answer] = [RESERVED, PaymentWasAuthorised(), StockWasCommitted(), PaymentWasCaptured()]


@dataclass
class Watch:
    """A clock that stands until a test turns it."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Store:
    """Orders under test, with their pool, their clock, and every statement that was sent."""

    pool: asyncpg.Pool[asyncpg.Record]
    relay: RememberingRelay
    watch: Watch
    statements: list[str]

    def __post_init__(self) -> None:
        self.orders = self.another_process()

    async def sweep(self, orders: PostgresOrders | None = None) -> int:
        clock = HandClock(self.watch.now.timestamp())
        """Look at what is silent; returns how many messages that sent."""
        before = len(await self.outbox())
        await resuming(orders or self.orders, EndedOrders(), clock).sweep()
        return len(await self.outbox()) - before

    def another_process(self) -> PostgresOrders:
        return PostgresOrders(self.pool, self.relay, clock=self.watch, policy=POLICY, hold=timedelta(seconds=180))

    async def place(
        self, customer: str = "ann", *, key: str | None = None, body: bytes = b"{}", quote: Quote | None = None
    ) -> idempotency.Answer:
        async def work(orders: OrderRepository) -> Order:
            wish = PlaceOrder(customer, quote or a_quote(("mug", 2, 1999)), "tok_visa")
            return await place_order(wish, orders=orders, clock=self.watch, new_order_id=new_order_id)

        claim = idempotency.Claim(f"{customer} POST /v1/orders", key or uuid.uuid4().hex, body.decode())
        return await self.orders.answer(claim, work, answer_with_id)

    async def cancel(self, order_id: str, *, key: str = "c-1", by: PostgresOrders | None = None) -> idempotency.Answer:
        async def work(orders: OrderRepository) -> Order:
            return await cancel_order(order_id, customer_id="ann", explanation="I am moving", orders=orders, clock=self.watch)

        claim = idempotency.Claim(f"ann POST /v1/orders/{order_id}/cancellations", key, "{}")
        return await (by or self.orders).answer(claim, work, answer_with_id)

    async def new_order(self, customer: str = "ann") -> str:
        return (await self.place(customer)).body.decode()

    async def hear(self, order_id: str, *answers: Answer, by: PostgresOrders | None = None) -> Order:
        for answer in answers:
            order = await (by or self.orders).take_answer(uuid.uuid4().hex, order_id, answer)
        assert order is not None
        return order

    async def outbox(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("select topic, key, sequence, body, headers from outbox order by id")

    async def kinds_sent(self) -> list[str]:
        types = {
            "shop.orders.events.v1": OrderEvent,
            "shop.inventory.commands.v1": InventoryCommand,
            "shop.pricing.commands.v1": PricingCommand,
            "shop.payments.commands.v1": PaymentCommand,
        }
        kinds = []
        for row in await self.outbox():
            message = types[row["topic"]]()
            message.ParseFromString(wire.unframe(wire.frame(1, row["body"]))[2])
            kinds.append(str(message.WhichOneof("kind")))
        return kinds


def answer_with_id(order: Order) -> idempotency.Answer:
    return idempotency.Answer(202, order.id.encode(), {})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(server: str) -> AsyncIterator[Store]:
    name = f"orders_{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    statements: list[str] = []

    async def listen(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        connection.add_query_logger(lambda record: statements.append(record.query) if "order_events" in record.query else None)

    async with asyncpg.create_pool(server, database=name, min_size=1, max_size=8, init=listen) as pool:
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            await pool.execute(migration.read_text())
        statements.clear()
        watch = Watch()
        yield Store(pool, RememberingRelay(is_active=False), watch, statements)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_an_order_comes_back_from_its_history_as_it_was(store: Store) -> None:
    order_id = await store.new_order()
    completed = await store.hear(order_id, *HAPPY)

    assert await store.orders.read(order_id) == completed
    assert (completed.stage, completed.version, completed.total) == (Stage.COMPLETED, 6, Money("EUR", 4488))


async def test_a_checkout_sends_what_each_step_needs_and_tells_what_concerns_others(store: Store) -> None:
    await store.hear(await store.new_order(), *HAPPY)

    assert await store.kinds_sent() == [
        "accepted",
        "reserve_stock",
        "authorise_payment",
        "commit_stock",
        "capture_payment",
        "completed",
    ]
    assert [row["sequence"] for row in await store.outbox()] == [1, 2, 3, 4, 5, 6]


async def test_everything_sent_about_an_order_carries_the_correlation_id_it_began_with(store: Store) -> None:
    with bind(correlation_id="c-1"):
        order_id = await store.new_order()
    with bind(correlation_id="something-else"):
        await store.hear(order_id, *HAPPY)

    assert all('"correlationid":"c-1"' in row["headers"] for row in await store.outbox())


async def test_a_message_that_comes_again_changes_nothing(store: Store) -> None:
    order_id = await store.new_order()
    first = await store.orders.take_answer("m-1", order_id, RESERVED)
    sent = await store.outbox()

    assert await store.orders.take_answer("m-1", order_id, RESERVED) is None
    assert await store.orders.read(order_id) == first
    assert await store.outbox() == sent


async def test_the_same_request_at_the_same_time_gives_one_order(store: Store) -> None:
    async def place() -> bytes:
        try:
            return (await store.place(key="k-1")).body
        except idempotency.AnsweredBefore as before:
            return before.answer.body

    assert len(set(await asyncio.gather(*(place() for _ in range(6))))) == 1
    assert await store.pool.fetchval("select count(*) from orders") == 1


async def test_a_quote_makes_one_order_however_many_are_placed_with_it_at_once(store: Store) -> None:
    quote = a_quote(("mug", 2, 1999))

    async def place(customer: str) -> str:
        try:
            return (await store.place(customer, quote=quote)).body.decode()
        except QuoteAlreadyUsed:
            return "used"

    answers = await asyncio.gather(*(place(customer) for customer in ("ann", "ann", "bob", "eve")))

    assert sorted(answer == "used" for answer in answers) == [False, True, True, True]
    assert await store.pool.fetchval("select count(*) from orders") == 1
    assert await store.kinds_sent() == ["accepted", "reserve_stock"]
    assert await store.pool.fetchval("select count(*) from idempotency") == 1


async def test_the_same_request_with_a_quote_that_it_has_used_itself_is_answered_as_before(store: Store) -> None:
    quote = a_quote(("mug", 2, 1999))
    first = await store.place(key="k-1", quote=quote)

    with pytest.raises(idempotency.AnsweredBefore) as again:
        await store.place(key="k-1", quote=quote)

    assert again.value.answer == first


async def test_coupons_are_redeemed_and_released_on_pricings_topic(store: Store) -> None:
    order_id = (await store.place(quote=a_quote(("mug", 2, 1999), coupons=("AUTUMN",)))).body.decode()
    rejected = await store.hear(
        order_id, RESERVED, CouponsWereRedeemed(), PaymentWasDeclined("No."), StockWasReleased(), CouponsWereReleased()
    )

    assert await store.orders.read(order_id) == rejected
    assert (rejected.stage, rejected.coupons) == (Stage.REJECTED, Coupons.RETURNED)
    assert await store.kinds_sent() == [
        "accepted",
        "reserve_stock",
        "redeem_coupons",
        "authorise_payment",
        "release_stock",
        "release_coupons",
        "rejected",
    ]


async def test_a_key_that_comes_with_another_body_is_refused(store: Store) -> None:
    await store.place(key="k-1", body=b"a")

    with pytest.raises(idempotency.KeyReused):
        await store.place(key="k-1", body=b"b")


async def test_a_key_that_has_expired_may_come_with_another_request(store: Store) -> None:
    first = await store.place(key="k-1", body=b"a")
    await store.pool.execute("update idempotency set created_at = now() - interval '25 hours'")

    second = await store.place(key="k-1", body=b"b")

    assert second.body != first.body
    with pytest.raises(idempotency.AnsweredBefore) as again:
        await store.place(key="k-1", body=b"b")
    assert again.value.answer == second


async def test_placing_an_order_is_one_statement_and_each_answer_another(store: Store) -> None:
    order_id = await store.new_order()
    await store.hear(order_id, *HAPPY)

    assert len(store.statements) == 5


async def test_a_process_that_does_not_know_an_order_reads_it_once(store: Store) -> None:
    order_id = await store.new_order()
    other = store.another_process()
    store.statements.clear()

    await store.hear(order_id, *HAPPY, by=other)

    assert [text.split()[0] for text in store.statements] == ["select", "with", "with", "with", "with"]


async def test_whose_memory_is_out_of_date_decides_again_on_what_stands_there(store: Store) -> None:
    order_id = await store.new_order()
    await store.hear(order_id, RESERVED, by=store.another_process())

    order = await store.hear(order_id, PaymentWasAuthorised())

    assert (order.stage, order.version) == (Stage.COMMITTING, 3)
    assert await store.orders.read(order_id) == order


async def test_an_answer_that_leads_to_nothing_is_not_judged_by_memory_alone(store: Store) -> None:
    order_id = await store.new_order()
    await store.hear(order_id, RESERVED)
    other = store.another_process()
    await store.cancel(order_id, by=other)
    await store.hear(order_id, StockWasReleased(), PaymentWasVoided(), by=other)

    # To this process the order still waits for its authorisation, and a commit tells it nothing. In truth the stock is to go back.
    await store.hear(order_id, StockWasCommitted())

    assert (await store.kinds_sent())[-1] == "release_stock"


async def test_a_message_that_comes_again_is_recognised_by_memory_and_without(store: Store) -> None:
    order_id = await store.new_order()
    await store.orders.take_answer("m-1", order_id, RESERVED)

    assert await store.orders.take_answer("m-1", order_id, StockWasReleased()) is None
    assert await store.another_process().take_answer("m-1", order_id, StockWasReleased()) is None


async def test_two_who_decide_on_the_same_state_do_not_both_write(store: Store) -> None:
    order_id = await store.new_order()
    first, second = OrderWork(store.orders), OrderWork(store.another_process())
    decisions = [answered(order, RESERVED, at=store.watch()) for work in (first, second) if (order := await work.find(order_id))]

    await first.record(decisions[0])
    with pytest.raises(Stale):
        await second.record(decisions[1])

    assert [kind for kind in await store.kinds_sent() if kind == "authorise_payment"] == ["authorise_payment"]


async def test_the_same_cancellation_at_the_same_time_has_one_effect(store: Store) -> None:
    order_id = await store.new_order()

    async def cancel(by: PostgresOrders) -> bytes:
        try:
            return (await store.cancel(order_id, by=by)).body
        except idempotency.AnsweredBefore as before:
            return before.answer.body

    answers = await asyncio.gather(*(cancel(store.another_process()) for _ in range(4)))

    assert set(answers) == {order_id.encode()}
    assert (await store.kinds_sent()).count("release_stock") == 1


async def test_answers_and_a_cancellation_at_once_leave_one_line_of_history(store: Store) -> None:
    order_id = await store.new_order()
    other = store.another_process()

    await asyncio.gather(store.hear(order_id, RESERVED), store.cancel(order_id, by=other), store.hear(order_id, RESERVED, by=other))
    order = await store.hear(order_id, StockWasReleased())

    versions = await store.pool.fetch("select version from order_events where order_id = $1 order by version", order_id)
    assert [row["version"] for row in versions] == [*range(1, order.version + 1)]
    assert order.stage in {Stage.CANCELLED, Stage.COMPENSATING}
    sequences = [row["sequence"] for row in await store.outbox()]
    assert sequences == [*range(1, len(sequences) + 1)]


async def test_a_relay_of_this_process_is_handed_what_was_written(store: Store) -> None:
    store.relay.is_active = True
    await store.hear(await store.new_order(), *HAPPY)

    assert [message.sequence for message in store.relay.messages] == [1, 2, 3, 4, 5, 6]
    written = [(row["topic"], row["body"]) for row in await store.outbox()]
    assert [(message.topic, message.body) for message in store.relay.messages] == written


async def test_an_answer_for_an_order_nobody_placed_is_not_swallowed(store: Store) -> None:
    with pytest.raises(OrderNotFound):
        await store.orders.take_answer("m-1", "ord_unknown", RESERVED)

    assert await store.pool.fetchval("select count(*) from inbox") == 0


async def test_a_silent_order_is_asked_about_again_less_and_less_often(store: Store) -> None:
    await store.new_order()
    asked_at = []
    for second in range(60):
        store.watch.now = datetime(2026, 3, 2, 12, 0, second, tzinfo=UTC)
        if await store.sweep():
            asked_at.append(second)

    assert asked_at == [5, 15, 35]
    assert (await store.kinds_sent()).count("reserve_stock") == 4
    sequences = [row["sequence"] for row in await store.outbox()]
    assert sequences == [1, 2, 3, 4, 5]


async def test_an_order_that_nobody_answers_is_given_up_and_everything_asked_back(store: Store) -> None:
    order_id = await store.new_order()
    await store.hear(order_id, RESERVED)
    store.watch.now += timedelta(seconds=91)

    await store.sweep()

    order = await store.orders.read(order_id)
    assert order is not None
    assert order.stage is Stage.COMPENSATING
    assert (await store.kinds_sent())[-2:] == ["release_stock", "void_payment"]


async def test_an_order_is_given_up_when_its_patience_ends_and_not_at_the_look_after(store: Store) -> None:
    order_id = await store.new_order()
    placed = store.watch.now
    while (order := await store.orders.read(order_id)) and order.stage is Stage.RESERVING:
        store.watch.now += timedelta(seconds=1)
        await store.sweep()

    assert store.watch.now - placed == POLICY.patience


async def test_an_order_that_cannot_be_read_stops_no_other(store: Store) -> None:
    broken, _fine = await store.new_order(), await store.new_order()
    await store.pool.execute("update order_events set kind = 'from-the-future' where order_id = $1", broken)
    await store.pool.execute("update orders set next_look_at = next_look_at - interval '1 second' where order_id = $1", broken)
    store.watch.now += timedelta(seconds=6)
    fresh = store.another_process()

    assert await store.sweep(fresh) == 1
    assert [order_id async for order_id in fresh.silent()] == [broken]
    assert (await store.kinds_sent()).count("reserve_stock") == 3


async def test_more_silent_orders_than_a_page_are_all_looked_at_in_one_sweep(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_repository, "SILENT_IN_A_PAGE", 2)
    for _ in range(5):
        await store.new_order()
    store.watch.now += timedelta(seconds=6)

    assert await store.sweep() == 5


async def test_a_final_order_is_never_looked_at_again(store: Store) -> None:
    await store.hear(await store.new_order(), *HAPPY)
    await store.hear(await store.new_order(), RESERVED, PaymentWasDeclined("No."), StockWasReleased())
    store.watch.now += timedelta(days=1)

    assert await store.sweep() == 0


async def test_two_sweepers_share_the_silent_orders(store: Store) -> None:
    for _ in range(6):
        await store.new_order()
    store.watch.now += timedelta(seconds=6)

    await asyncio.gather(store.sweep(), store.sweep(store.another_process()))

    assert (await store.kinds_sent()).count("reserve_stock") == 12


async def test_a_rejection_is_kept_with_its_reason(store: Store) -> None:
    order_id = await store.new_order()
    rejected = await store.hear(order_id, RESERVED, PaymentWasDeclined("No."), StockWasReleased())

    assert await store.orders.read(order_id) == rejected
    assert rejected.ending is not None
    assert getattr(rejected.ending, "reason", None) is RejectionReason.PAYMENT_DECLINED


async def test_money_that_comes_after_the_end_is_sent_back(store: Store) -> None:
    order_id = await store.new_order()
    rejected = await store.hear(order_id, RESERVED, PaymentWasDeclined("No."), StockWasReleased())

    assert await store.hear(order_id, PaymentWasAuthorised()) == rejected
    assert (await store.kinds_sent())[-1] == "void_payment"


async def test_pages_of_orders_of_one_moment_neither_skip_nor_repeat(store: Store) -> None:
    placed = {await store.new_order() for _ in range(7)}
    await store.new_order("bob")

    seen: list[str] = []
    behind: PageKey | None = None
    while page := await store.orders.list_orders("ann", limit=3, behind=behind):
        seen += [order.id for order in page]
        behind = PageKey(page[-1].accepted_at, page[-1].id)

    assert (len(seen), set(seen)) == (7, placed)


async def personal(store: Store) -> str:
    """All that the histories say."""
    return str(await store.pool.fetchval("select string_agg(body::text, ' ') from order_events"))


async def test_of_who_is_erased_card_and_words_are_forgotten_and_the_books_stay(store: Store) -> None:
    completed, cancelled = await store.new_order(), await store.new_order()
    before = await store.hear(completed, *HAPPY)
    await store.cancel(cancelled)
    await store.hear(cancelled, StockWasReleased(), PaymentWasVoided())
    bobs = await store.new_order("bob")
    await store.hear(bobs, *HAPPY)
    erased = ErasedCustomers(store.pool, store.watch)
    assert "I am moving" in await personal(store)

    for _ in range(2):
        await erased.forget("ann")

    assert "I am moving" not in await personal(store)
    assert (await personal(store)).count("tok_visa") == 1  # Bob's
    after, forgotten = await store.orders.read(completed), await store.orders.read(cancelled)
    assert after == replace(before, payment_method_token="")
    assert forgotten is not None
    assert (forgotten.stage, forgotten.ending) == (Stage.CANCELLED, Cancellation(""))


async def test_an_order_that_is_under_way_ends_before_it_forgets(store: Store) -> None:
    order_id = await store.new_order()
    erased = ErasedCustomers(store.pool, store.watch)

    await erased.forget("ann")
    assert "tok_visa" in await personal(store)
    await store.hear(order_id, *HAPPY)
    await erased.forget_rest()

    assert "tok_visa" not in await personal(store)
    store.watch.now += LOOKED_FOR
    await erased.forget_rest()
    assert await store.pool.fetchval("select count(*) from erased_customers") == 0
