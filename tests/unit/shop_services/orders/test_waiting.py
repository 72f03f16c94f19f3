"""Those who wait for an order are handed it when it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from anyio.lowlevel import checkpoint
from fakes.quotes import a_quote
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.order import Order, OrderAccepted, Stage, begin

pytestmark = pytest.mark.anyio

PENDING = begin("ord_1", OrderAccepted("ann", a_quote(("mug", 1, 1999)), "tok_visa"), at=datetime(2026, 1, 1, tzinfo=UTC))
COMPLETED = replace(PENDING, stage=Stage.COMPLETED)


@dataclass
class Store:
    """Counts how often it is asked."""

    order: Order | None = PENDING
    looks: int = 0

    async def look(self) -> Order | None:
        self.looks += 1
        return self.order


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def waiting(ended: EndedOrders, store: Store, *, seconds: float = 60) -> asyncio.Task[Order | None]:
    task = asyncio.create_task(ended.wait("ord_1", look=store.look, seconds=seconds))
    while not store.looks:
        await checkpoint()
    return task


async def test_who_waits_is_handed_the_order_without_looking_again() -> None:
    ended, store = EndedOrders(), Store()
    task = await waiting(ended, store)

    ended.announce(COMPLETED)

    assert await task == COMPLETED
    assert store.looks == 1
    assert not ended.is_waited_for("ord_1")


async def test_an_order_that_goes_on_wakes_nobody() -> None:
    ended, store = EndedOrders(), Store()
    task = await waiting(ended, store)

    ended.announce(PENDING)
    await checkpoint()

    assert not task.done()
    task.cancel()


async def test_an_order_that_ends_during_the_first_look_is_handed_over() -> None:
    ended = EndedOrders()

    async def look() -> Order | None:
        ended.announce(COMPLETED)
        return PENDING

    assert await ended.wait("ord_1", look=look, seconds=60) == COMPLETED


async def test_whom_the_order_does_not_belong_to_is_never_handed_it() -> None:
    ended = EndedOrders()

    async def look() -> Order | None:
        ended.announce(COMPLETED)
        return None

    assert await ended.wait("ord_1", look=look, seconds=60) is None


async def test_one_too_many_does_not_wait_but_is_shown_the_order_as_it_is() -> None:
    ended, first, second = EndedOrders(most_waiters=1), Store(), Store()
    task = await waiting(ended, first)

    assert await ended.wait("ord_1", look=second.look, seconds=60) == PENDING

    ended.announce(COMPLETED)
    await task
    assert await (await waiting(ended, Store(COMPLETED))) == COMPLETED


async def test_at_the_stop_everybody_looks_once_more_and_goes() -> None:
    ended, store = EndedOrders(), Store()
    task = await waiting(ended, store)

    ended.release_all()

    assert await task == PENDING
    assert store.looks == 2
    assert await ended.wait("ord_1", look=store.look, seconds=60) == PENDING
