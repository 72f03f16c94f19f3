"""What a Warehouse promises: the same suite for DynamoDB and for the fake, so that the fake cannot lie."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fakes.bare_platform import PlatformSettings, make_table
from fakes.inventory_warehouse import FakeWarehouse
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.clock import SystemClock
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import EventLog
from shop_services.inventory.adapters.warehouse import DynamoWarehouse
from shop_services.inventory.application.ports import HandledBefore, Stale, StockLevel, Warehouse
from shop_services.inventory.application.reserving import (
    Reserve,
    commit_stock,
    release_stock,
    reserve_stock,
    return_what_ran_out,
)
from shop_services.inventory.domain.reservation import Line, ReleaseReason, Status

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
PRICE = Money("EUR", 1999)


@asynccontextmanager
async def on_dynamodb(platform: PlatformSettings) -> AsyncIterator[Warehouse]:
    """The real one; its events go to a log in memory."""
    name = f"inv-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client:
        await make_table(client, name, "pk", "sk", index=("expiring", "holding", "holds_until", "N"))
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
        yield DynamoWarehouse(dynamo, outbox, table=name, stock_table=f"{name}-stock")


@pytest.fixture(params=["fake", "dynamodb"])
async def warehouse(request: pytest.FixtureRequest) -> AsyncIterator[Warehouse]:
    if request.param == "fake":
        yield FakeWarehouse()
        return
    async with on_dynamodb(request.getfixturevalue("platform")) as real:
        yield real


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def stock(warehouse: Warehouse, **free: int) -> None:
    await warehouse.put([StockLevel(sku, sku.title(), PRICE, units) for sku, units in free.items()])


async def counts(warehouse: Warehouse, sku: str) -> tuple[int, int, int]:
    item = await warehouse.item(sku)
    assert item is not None
    return item.free, item.reserved, item.sold


async def reserve(warehouse: Warehouse, clock: HandClock, order: str, *lines: Line, message_id: str | None = None) -> None:
    command = Reserve(f"res-{order}", order, lines, 60.0)
    await reserve_stock(command, warehouse=warehouse, clock=clock, handling=message_id or uuid.uuid4().hex)


async def status(warehouse: Warehouse, order: str) -> Status:
    found = await warehouse.reservation(f"res-{order}", fresh=True)
    assert found is not None
    return found.status


async def test_units_move_from_free_to_reserved_to_sold_and_back(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=5, pot=3)

    await reserve(warehouse, clock, "o1", Line("mug", 2), Line("pot", 1), Line("mug", 1))
    assert (await counts(warehouse, "mug"), await counts(warehouse, "pot")) == ((2, 3, 0), (2, 1, 0))
    await commit_stock("res-o1", warehouse=warehouse, clock=clock, handling="c")
    assert (await counts(warehouse, "mug"), await counts(warehouse, "pot")) == ((2, 0, 3), (2, 0, 1))
    await release_stock("res-o1", "o1", warehouse=warehouse, handling="r")

    assert (await counts(warehouse, "mug"), await counts(warehouse, "pot")) == ((5, 0, 0), (3, 0, 0))
    assert await status(warehouse, "o1") is Status.RELEASED


async def test_of_many_buyers_only_as_many_win_as_there_is_stock(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=5)

    async def buy(order: str) -> None:
        command = Reserve(f"res-{order}", order, (Line("mug", 2),), 60.0)
        while True:
            try:
                await reserve_stock(command, warehouse=warehouse, clock=clock, handling=f"m-{order}")
            except Exception as error:  # noqa: BLE001 - contention: the message would come again
                assert type(error).__name__ in {"TooContended", "Unavailable"}
                await asyncio.sleep(0)
            else:
                return

    await asyncio.gather(*(buy(f"o{number}") for number in range(12)))

    won = [number for number in range(12) if await status(warehouse, f"o{number}") is Status.RESERVED]
    assert len(won) == 2
    assert await counts(warehouse, "mug") == (1, 4, 0)


async def test_a_decision_on_an_older_version_is_stale(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=5)
    await reserve(warehouse, clock, "o1", Line("mug", 2))
    reservation = await warehouse.reservation("res-o1", fresh=True)
    assert reservation is not None
    await warehouse.record(reservation.commit(now=clock.now()), handling=None)

    with pytest.raises(Stale):
        await warehouse.record(reservation.release(ReleaseReason.REQUESTED), handling=None)
    assert await counts(warehouse, "mug") == (3, 0, 2)


async def test_a_message_has_its_effect_once(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=5)
    await reserve(warehouse, clock, "o1", Line("mug", 2), message_id="m-1")
    reservation = await warehouse.reservation("res-o1", fresh=True)
    assert reservation is not None

    with pytest.raises(HandledBefore):
        await warehouse.record(reservation.reserve_again(), handling="m-1")
    await reserve(warehouse, clock, "o1", Line("mug", 2), message_id="m-1")

    assert await warehouse.reservation("res-o1", fresh=True) == reservation


async def test_a_price_that_changed_meanwhile_is_answered_as_it_is_now(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=5)
    await reserve(warehouse, clock, "o1", Line("mug", 1))

    await warehouse.put([StockLevel("mug", "Mug", Money("EUR", 2499), 4)])
    await reserve(warehouse, clock, "o2", Line("mug", 1))

    found = await warehouse.reservation("res-o2", fresh=True)
    assert found is not None
    assert found.lines[0].unit_price == Money("EUR", 2499)
    assert await counts(warehouse, "mug") == (3, 2, 0)


async def test_only_what_ran_out_is_returned(warehouse: Warehouse, clock: HandClock) -> None:
    await stock(warehouse, mug=9)
    await reserve(warehouse, clock, "o1", Line("mug", 1))
    await reserve(warehouse, clock, "o2", Line("mug", 2))
    await commit_stock("res-o2", warehouse=warehouse, clock=clock, handling="c")
    clock.pass_by(30)
    await reserve(warehouse, clock, "o3", Line("mug", 4))
    clock.pass_by(31)

    assert await return_what_ran_out(warehouse=warehouse, clock=clock, limit=10) == 1

    assert [await status(warehouse, order) for order in ("o1", "o2", "o3")] == [
        Status.RELEASED,
        Status.COMMITTED,
        Status.RESERVED,
    ]
    assert await counts(warehouse, "mug") == (3, 4, 2)


async def test_pages_hold_every_article_once(warehouse: Warehouse) -> None:
    await stock(warehouse, **{f"sku{number}": number for number in range(25)})
    seen: list[str] = []
    behind: str | None = None

    while True:
        page = await warehouse.page(limit=10, behind=behind)
        seen += [item.sku for item in page.items]
        behind = page.next_sku
        if behind is None:
            break

    assert sorted(seen) == sorted(f"sku{number}" for number in range(25))
