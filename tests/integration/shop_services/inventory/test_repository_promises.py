"""What the repositories promise: the same suite for DynamoDB and for those in memory, so that these cannot lie."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fakes.bare_platform import PlatformSettings, make_table
from shop_contracts.proto.inventory.v1.stock_pb2 import StockEvent
from shop_contracts.proto.inventory.v1.stock_pb2 import StockLevel as StockLevelName
from shop_kit.aggregates import Stale
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.clock import SystemClock
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox, DynamoOutboxTable
from shop_kit.shared_kernel import MOST_ARTICLES
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import EventLog, received
from shop_services.inventory.adapters.in_memory import InMemoryReservationRepository, InMemoryStockRepository, InventoryTables
from shop_services.inventory.adapters.reservation_repository import DynamoReservationRepository
from shop_services.inventory.adapters.stock_repository import DynamoStockRepository
from shop_services.inventory.adapters.sweeper import expiry
from shop_services.inventory.application.ports import ReservationRepository, StockRepository
from shop_services.inventory.application.reserving import (
    Reserve,
    commit_stock,
    release_stock,
    reserve_stock,
)
from shop_services.inventory.domain.reservation import Line, ReleaseReason, Reservation, Status
from shop_services.inventory.domain.stock import StaleLevel, StockLevel, TooFewUnits

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


@dataclass
class Inventory:
    """Both repositories, as one process has them, and what they wrote to be published."""

    stock: StockRepository
    reservations: ReservationRepository
    outbox: Callable[[], Awaitable[Sequence[OutgoingMessage]]]

    async def levels(self, sku: str) -> list[tuple[int, int, str]]:
        """What was told of an article: version, free units, and level."""
        told = sorted((one for one in await self.outbox() if one.key == sku), key=lambda one: one.sequence)
        events = [received(one, StockEvent).event for one in told]
        return [
            (
                one.version,
                one.stock_level_changed.free,
                StockLevelName.Name(one.stock_level_changed.level).removeprefix("STOCK_LEVEL_"),
            )
            for one in events
        ]


@asynccontextmanager
async def on_dynamodb(platform: PlatformSettings) -> AsyncIterator[Inventory]:
    """The real one; its events go to a log in memory."""
    name = f"inv-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client:
        await make_table(client, name, "pk", "sk", indexes=[("expiring", "holding", "holds_until", "N")])
        await make_table(client, f"{name}-stock", "sku")
        await make_table(client, f"{name}-outbox", "pk", "sk")
        dynamo = Dynamo(client)
        outbox = DynamoOutbox(
            dynamo,
            table=name,
            outbox_table=f"{name}-outbox",
            producer=EventLog(),  # type: ignore[arg-type]  # nothing is relayed here
            metrics=Metrics(),
            clock=SystemClock(),
        )
        stock = DynamoStockRepository(dynamo, outbox, table=f"{name}-stock", clock=SystemClock())

        async def written() -> Sequence[OutgoingMessage]:
            table = DynamoOutboxTable(dynamo, f"{name}-outbox", SystemClock())
            return [message async for page in table.left_behind(seconds=0) for message in page]

        yield Inventory(stock, DynamoReservationRepository(dynamo, outbox, stock, table=name), written)


@pytest.fixture(params=["in memory", "dynamodb"])
async def inventory(request: pytest.FixtureRequest) -> AsyncIterator[Inventory]:
    if request.param == "in memory":
        tables = InventoryTables()
        stock = InMemoryStockRepository(tables, SystemClock())

        async def told() -> Sequence[OutgoingMessage]:
            return tables.reservations.log.messages

        yield Inventory(stock, InMemoryReservationRepository(tables, stock), told)
        return
    async with on_dynamodb(request.getfixturevalue("platform")) as real:
        yield real


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def stock(inventory: Inventory, **units: int) -> None:
    assert await inventory.stock.put([StockLevel(sku, each) for sku, each in units.items()]) == []


async def counts(inventory: Inventory, sku: str) -> tuple[int, int, int]:
    item = await inventory.stock.item(sku)
    assert item is not None
    return item.free, item.reserved, item.sold


async def reserve(inventory: Inventory, clock: HandClock, order: str, *lines: Line, message_id: str | None = None) -> None:
    command = Reserve(f"res-{order}", order, lines, 60.0)
    await reserve_stock(
        command, stock=inventory.stock, reservations=inventory.reservations, clock=clock, handling=message_id or uuid.uuid4().hex
    )


async def status(inventory: Inventory, order: str) -> Status:
    found = await inventory.reservations.find(f"res-{order}", fresh=True)
    assert found is not None
    return found.status


async def test_units_move_from_free_to_reserved_to_sold_and_back(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5, pot=3)

    await reserve(inventory, clock, "o1", Line("mug", 2), Line("pot", 1), Line("mug", 1))
    assert (await counts(inventory, "mug"), await counts(inventory, "pot")) == ((2, 3, 0), (2, 1, 0))
    await commit_stock("res-o1", reservations=inventory.reservations, clock=clock, handling="c")
    assert (await counts(inventory, "mug"), await counts(inventory, "pot")) == ((2, 0, 3), (2, 0, 1))
    await release_stock("res-o1", "o1", reservations=inventory.reservations, handling="r")

    assert (await counts(inventory, "mug"), await counts(inventory, "pot")) == ((5, 0, 0), (3, 0, 0))
    assert await status(inventory, "o1") is Status.RELEASED


async def test_of_many_buyers_only_as_many_win_as_there_is_stock(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5)

    async def buy(order: str) -> None:
        command = Reserve(f"res-{order}", order, (Line("mug", 2),), 60.0)
        while True:
            try:
                await reserve_stock(
                    command, stock=inventory.stock, reservations=inventory.reservations, clock=clock, handling=f"m-{order}"
                )
            except Exception as error:  # noqa: BLE001 - contention: the message would come again
                assert type(error).__name__ in {"Conflict", "Unavailable"}
                await asyncio.sleep(0)
            else:
                return

    await asyncio.gather(*(buy(f"o{number}") for number in range(12)))

    won = [number for number in range(12) if await status(inventory, f"o{number}") is Status.RESERVED]
    assert len(won) == 2
    assert await counts(inventory, "mug") == (1, 4, 0)


async def test_a_decision_on_an_older_version_is_stale(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5)
    await reserve(inventory, clock, "o1", Line("mug", 2))
    reservation = await inventory.reservations.find("res-o1", fresh=True)
    assert reservation is not None
    await inventory.reservations.save(reservation.commit(now=clock.now()), handling=None)

    with pytest.raises(Stale):
        await inventory.reservations.save(reservation.release(ReleaseReason.REQUESTED), handling=None)
    assert await counts(inventory, "mug") == (3, 0, 2)


async def test_a_message_has_its_effect_once(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5)
    await reserve(inventory, clock, "o1", Line("mug", 2), message_id="m-1")
    reservation = await inventory.reservations.find("res-o1", fresh=True)
    assert reservation is not None

    await reserve(inventory, clock, "o1", Line("mug", 2), message_id="m-1")

    assert await inventory.reservations.find("res-o1", fresh=True) == reservation


async def test_a_full_reservation_fits_into_one_transaction_though_each_article_changes_its_level(
    inventory: Inventory, clock: HandClock
) -> None:
    await stock(inventory, **{f"sku{number}": 1 for number in range(MOST_ARTICLES)})

    await reserve(inventory, clock, "o1", *(Line(f"sku{number}", 1) for number in range(MOST_ARTICLES)))

    assert await status(inventory, "o1") is Status.RESERVED
    assert await inventory.levels(f"sku{MOST_ARTICLES - 1}") == [(1, 1, "LOW"), (2, 0, "OUT_OF_STOCK")]


async def test_only_what_ran_out_is_returned(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=9)
    await reserve(inventory, clock, "o1", Line("mug", 1))
    await reserve(inventory, clock, "o2", Line("mug", 2))
    await commit_stock("res-o2", reservations=inventory.reservations, clock=clock, handling="c")
    clock.pass_by(30)
    await reserve(inventory, clock, "o3", Line("mug", 4))
    clock.pass_by(31)

    assert await expiry(inventory.reservations, clock).sweep() == 1

    assert [await status(inventory, order) for order in ("o1", "o2", "o3")] == [
        Status.RELEASED,
        Status.COMMITTED,
        Status.RESERVED,
    ]
    assert await counts(inventory, "mug") == (3, 4, 2)


async def test_pages_hold_every_article_once(inventory: Inventory) -> None:
    await stock(inventory, **{f"sku{number}": number for number in range(60)})
    seen: list[str] = []
    behind: str | None = None

    while True:
        page = await inventory.stock.page(limit=10, behind=behind)
        seen += [item.sku for item in page.items]
        behind = page.next_sku
        if behind is None:
            break

    assert sorted(seen) == sorted(f"sku{number}" for number in range(60))


async def test_stock_that_is_set_again_after_units_were_sold_is_not_made_anew(inventory: Inventory, clock: HandClock) -> None:
    level = StockLevel("mug", 10)
    await inventory.stock.put([level])
    await reserve(inventory, clock, "o1", Line("mug", 10))

    assert await inventory.stock.put([level]) == []

    assert await counts(inventory, "mug") == (0, 10, 0)


async def test_a_setting_that_arrives_after_a_later_one_is_refused(inventory: Inventory) -> None:
    first, later = StockLevel("mug", 10), StockLevel("mug", 12, revision=1)
    await inventory.stock.put([first])
    await inventory.stock.put([later])

    (refusal,) = await inventory.stock.put([first])

    found = await inventory.stock.item("mug")
    assert found is not None
    assert isinstance(refusal, StaleLevel)
    assert (refusal.item, found.free, found.revision) == (found, 12, 2)


async def test_units_are_added_while_others_are_bought(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5)
    seen = await inventory.stock.item("mug")
    assert seen is not None
    await reserve(inventory, clock, "o1", Line("mug", 4))

    assert await inventory.stock.put([StockLevel("mug", seen.stocked + 3, seen.revision)]) == []

    assert await counts(inventory, "mug") == (4, 4, 0)


async def test_units_that_are_reserved_or_sold_cannot_be_taken_out(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=5, pot=1)
    await reserve(inventory, clock, "o1", Line("mug", 4))

    refused = await inventory.stock.put([StockLevel("mug", 3, revision=1), StockLevel("pot", 0, revision=1)])

    assert [(type(one), one.sku) for one in refused] == [(TooFewUnits, "mug")]
    assert (await counts(inventory, "mug"), await counts(inventory, "pot")) == ((1, 4, 0), (0, 0, 0))


async def test_all_that_ran_out_is_returned_in_one_sweep_past_what_cannot_be_read(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=150)
    for number in range(120):
        await reserve(inventory, clock, f"o{number}", Line("mug", 1))
    clock.pass_by(61)
    readable = inventory.reservations.find

    async def find(reservation_id: str, *, fresh: bool) -> Reservation | None:
        if reservation_id == "res-o0":
            raise LookupError("written by a newer version")
        return await readable(reservation_id, fresh=fresh)

    inventory.reservations.find = find  # type: ignore[method-assign]
    assert await expiry(inventory.reservations, clock).sweep() == 119

    assert await counts(inventory, "mug") == (149, 1, 0)


async def test_a_level_is_told_when_stock_is_set_and_when_units_that_move_change_it(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=8)
    await reserve(inventory, clock, "o1", Line("mug", 1))  # 7: still enough
    await reserve(inventory, clock, "o2", Line("mug", 2))  # 5
    await reserve(inventory, clock, "o3", Line("mug", 3))  # 2: still low
    await reserve(inventory, clock, "o4", Line("mug", 2))  # 0
    await commit_stock("res-o4", reservations=inventory.reservations, clock=clock, handling="c")
    await release_stock("res-o3", "o3", reservations=inventory.reservations, handling="r")  # 3
    seen = await inventory.stock.item("mug")
    assert seen is not None
    await inventory.stock.put([StockLevel("mug", seen.stocked + 10, seen.revision)])

    assert await inventory.levels("mug") == [
        (1, 8, "IN_STOCK"),
        (2, 5, "LOW"),
        (3, 0, "OUT_OF_STOCK"),
        (4, 3, "LOW"),
        (5, 13, "IN_STOCK"),
    ]


async def test_the_last_level_told_is_the_true_one_however_many_buy_at_once(inventory: Inventory, clock: HandClock) -> None:
    await stock(inventory, mug=9)

    async def buy(order: str) -> None:
        command = Reserve(f"res-{order}", order, (Line("mug", 2),), 60.0)
        while True:
            try:
                await reserve_stock(
                    command, stock=inventory.stock, reservations=inventory.reservations, clock=clock, handling=f"m-{order}"
                )
            except Exception as error:  # noqa: BLE001 - contention: the message would come again
                assert type(error).__name__ in {"Conflict", "Unavailable"}
                await asyncio.sleep(0)
            else:
                return

    await asyncio.gather(*(buy(f"o{number}") for number in range(4)))
    await release_stock("res-o0", "o0", reservations=inventory.reservations, handling="r")

    levels = await inventory.levels("mug")
    assert [version for version, _, _ in levels] == [*range(1, len(levels) + 1)]
    assert [level for _, _, level in levels] == ["IN_STOCK", "LOW"]
    assert await counts(inventory, "mug") == (3, 6, 0)
