"""What reservations promise, over repositories in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.proto.inventory.v1.commands_pb2 import InventoryCommand
from shop_contracts.proto.inventory.v1.events_pb2 import RELEASE_REASON_EXPIRED, InventoryEvent
from shop_kit.errors import Invalid
from shop_kit.messages import OutgoingMessage, outgoing
from shop_kit.testing.clock import HandClock
from shop_kit.testing.delivery import redelivered
from shop_kit.testing.event_log import received
from shop_services.inventory.adapters.commands import subscription
from shop_services.inventory.adapters.events import COMMANDS_TOPIC
from shop_services.inventory.adapters.in_memory import InMemoryReservationRepository, InMemoryStockRepository, InventoryTables
from shop_services.inventory.adapters.sweeper import expiry
from shop_services.inventory.application.reserving import ReservationUnknown
from shop_services.inventory.domain.stock import StockItem

pytestmark = pytest.mark.anyio


class Inventory:
    """Inventory as its commands and events show it."""

    def __init__(self, **free: int) -> None:
        self.clock = HandClock()
        self.tables = InventoryTables({sku: StockItem(sku, units) for sku, units in free.items()})
        self.takes = self.process()

    def process(self) -> Callable[[OutgoingMessage], Awaitable[None]]:
        """Another process on the same tables: what it remembers is its own."""
        stock = InMemoryStockRepository(self.tables, self.clock)
        self.reservations = InMemoryReservationRepository(self.tables, stock)
        handle = subscription(stock, self.reservations, self.clock).handle

        async def takes(command: OutgoingMessage) -> None:
            await handle(received(command, InventoryCommand))

        return takes

    async def sweep(self) -> int:
        return await expiry(self.reservations, self.clock).sweep()

    def events(self, order: str) -> list[InventoryEvent]:
        return [received(message, InventoryEvent).event for message in self.tables.reservations.log.of_key(order)]

    def kinds(self, order: str) -> list[str | None]:
        return [event.WhichOneof("kind") for event in self.events(order)]

    def counts(self, sku: str) -> tuple[int, int, int]:
        item = self.tables.stock[sku]
        return item.free, item.reserved, item.sold

    def state(self) -> object:
        """All that must not change when messages come again."""
        return dict(self.tables.stock), dict(self.tables.reservations.stored)


def reserve(order: str, *lines: tuple[str, int], message_id: str | None = None) -> OutgoingMessage:
    command = InventoryCommand(order_id=order, reservation_id=f"res-{order}")
    command.reserve_stock.hold_seconds = 60
    for sku, quantity in lines:
        command.reserve_stock.lines.add(sku=sku, quantity=quantity)
    return outgoing(COMMANDS_TOPIC, order, command, source="/test", sequence=1, message_id=message_id)


def commit(order: str) -> OutgoingMessage:
    command = InventoryCommand(order_id=order, reservation_id=f"res-{order}")
    command.commit_stock.SetInParent()
    return outgoing(COMMANDS_TOPIC, order, command, source="/test", sequence=2)


def release(order: str) -> OutgoingMessage:
    command = InventoryCommand(order_id=order, reservation_id=f"res-{order}")
    command.release_stock.SetInParent()
    return outgoing(COMMANDS_TOPIC, order, command, source="/test", sequence=3)


async def test_stock_is_held_for_all_lines() -> None:
    shop = Inventory(mug=5, pot=2)

    await shop.takes(reserve("o1", ("mug", 2), ("pot", 1)))

    (event,) = shop.events("o1")
    assert [(line.sku, line.quantity) for line in event.stock_reserved.lines] == [("mug", 2), ("pot", 1)]
    assert (shop.counts("mug"), shop.counts("pot")) == ((3, 2, 0), (1, 1, 0))


async def test_nothing_is_held_when_one_line_is_short() -> None:
    shop = Inventory(mug=5, pot=0)

    await shop.takes(reserve("o1", ("mug", 2), ("pot", 1), ("tea", 1)))

    (event,) = shop.events("o1")
    shortages = [(one.sku, one.requested, one.available, one.is_unknown) for one in event.stock_rejected.shortages]
    assert shortages == [("pot", 1, 0, False), ("tea", 1, 0, True)]
    assert shop.counts("mug") == (5, 0, 0)


async def test_two_lines_on_one_article_are_counted_together() -> None:
    shop = Inventory(mug=5)

    await shop.takes(reserve("o1", ("mug", 3), ("mug", 3)))
    await shop.takes(reserve("o2", ("mug", 2), ("mug", 3)))

    assert shop.kinds("o1") == ["stock_rejected"]
    assert shop.events("o1")[0].stock_rejected.shortages[0].requested == 6
    assert [line.quantity for line in shop.events("o2")[0].stock_reserved.lines] == [2, 3]
    assert shop.counts("mug") == (0, 5, 0)


async def test_committed_stock_is_sold_and_comes_back_when_it_is_released_after_all() -> None:
    shop = Inventory(mug=5)

    await shop.takes(reserve("o1", ("mug", 2)))
    await shop.takes(commit("o1"))
    assert shop.counts("mug") == (3, 0, 2)
    await shop.takes(release("o1"))

    assert shop.kinds("o1") == ["stock_reserved", "stock_committed", "stock_released"]
    assert shop.counts("mug") == (5, 0, 0)


async def test_a_repeated_request_under_a_new_message_id_is_answered_again_and_moves_nothing() -> None:
    shop = Inventory(mug=5)

    await shop.takes(reserve("o1", ("mug", 2), message_id="a"))
    await shop.takes(reserve("o1", ("mug", 2), message_id="b"))
    await shop.takes(reserve("o1", ("mug", 2), message_id="b"))

    assert shop.kinds("o1") == ["stock_reserved", "stock_reserved"]
    assert shop.events("o1")[0] == shop.events("o1")[1]
    assert shop.counts("mug") == (3, 2, 0)


async def test_a_reservation_that_comes_after_its_release_holds_nothing() -> None:
    shop = Inventory(mug=5)

    await shop.takes(release("o1"))
    await shop.takes(reserve("o1", ("mug", 2)))

    assert shop.kinds("o1") == ["stock_released", "stock_released"]
    assert shop.counts("mug") == (5, 0, 0)


async def test_stock_that_is_held_too_long_returns_and_a_late_commit_learns_it() -> None:
    shop = Inventory(mug=5)
    await shop.takes(reserve("o1", ("mug", 2)))
    shop.clock.pass_by(59)
    assert await shop.sweep() == 0

    shop.clock.pass_by(1)
    assert await shop.sweep() == 1
    await shop.takes(commit("o1"))

    assert shop.kinds("o1") == ["stock_reserved", "stock_released", "stock_released"]
    assert shop.events("o1")[-1].stock_released.reason == RELEASE_REASON_EXPIRED
    assert shop.counts("mug") == (5, 0, 0)


async def test_a_commit_after_the_time_is_over_sells_nothing_even_before_the_sweep() -> None:
    shop = Inventory(mug=5)
    await shop.takes(reserve("o1", ("mug", 2)))

    shop.clock.pass_by(60)
    await shop.takes(commit("o1"))

    assert shop.kinds("o1") == ["stock_reserved", "stock_released"]
    assert shop.counts("mug") == (5, 0, 0)


async def test_nobody_is_turned_away_for_stock_that_is_only_remembered_as_gone() -> None:
    shop = Inventory(mug=1)
    await shop.takes(reserve("o0", ("mug", 2)))
    shop.tables.stock["mug"] = replace(shop.tables.stock["mug"], free=5)

    await shop.takes(reserve("o1", ("mug", 2)))

    assert shop.kinds("o1") == ["stock_reserved"]


async def test_a_process_that_was_overtaken_by_another_decides_anew_and_handles_nothing_twice() -> None:
    shop = Inventory(mug=5)
    one, other = shop.process(), shop.process()
    await one(reserve("o1", ("mug", 2)))
    committed, released = commit("o1"), release("o1")

    await other(committed)
    await one(committed)
    await other(released)
    await one(released)

    assert shop.kinds("o1") == ["stock_reserved", "stock_committed", "stock_released"]
    assert shop.counts("mug") == (5, 0, 0)


async def test_a_commit_without_a_reservation_is_refused() -> None:
    with pytest.raises(ReservationUnknown):
        await Inventory(mug=1).takes(commit("o1"))


@pytest.mark.parametrize(("articles", "is_taken"), [(48, True), (49, False)])
async def test_a_reservation_holds_as_many_articles_as_one_transaction_takes(articles: int, is_taken: bool) -> None:
    shop = Inventory(**{f"sku{number}": 1 for number in range(articles)})
    asked = reserve("o1", *((f"sku{number}", 1) for number in range(articles)))

    if is_taken:
        await shop.takes(asked)
        assert shop.kinds("o1") == ["stock_reserved"]
    else:
        with pytest.raises(Invalid, match="at most 48"):
            await shop.takes(asked)


orders = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(["mug", "pot"]), st.integers(1, 4)), min_size=1, max_size=3), st.sampled_from("crx")
    ),
    min_size=1,
    max_size=8,
)


def _messages(wanted: list[tuple[list[tuple[str, int]], str]]) -> list[OutgoingMessage]:
    found = []
    for number, (lines, end) in enumerate(wanted):
        found.append(reserve(f"o{number}", *lines))
        if end == "r":
            found.append(release(f"o{number}"))
        if end == "c":
            found += [commit(f"o{number}"), release(f"o{number}")] if number % 3 == 0 else [commit(f"o{number}")]
    return found


@given(orders, st.integers(0, 2**32), st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_no_interleaving_oversells(wanted: list[tuple[list[tuple[str, int]], str]], seed: int, mugs: int, pots: int) -> None:
    shop = Inventory(mug=mugs, pot=pots)

    async def run() -> None:
        for message in redelivered(_messages(wanted), key=lambda one: one.key, seed=seed):
            await shop.takes(message)
            for sku, initial in (("mug", mugs), ("pot", pots)):
                assert sum(shop.counts(sku)) == initial
                assert min(shop.counts(sku)) >= 0

    anyio.run(run)


@given(orders, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_commands_that_come_again_in_any_order_leave_the_state_as_it_is(
    wanted: list[tuple[list[tuple[str, int]], str]], seed: int
) -> None:
    shop = Inventory(mug=10, pot=10)
    messages = _messages(wanted)

    async def run() -> None:
        for message in messages:
            await shop.takes(message)
        before, announced = shop.state(), len(shop.tables.reservations.log.messages)
        for message in reversed(redelivered(messages, key=lambda one: one.key, seed=seed)):
            await shop.takes(message)
        assert shop.state() == before
        assert len(shop.tables.reservations.log.messages) == announced

    anyio.run(run)


@given(orders, st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_each_orders_events_are_numbered_without_gaps(wanted: list[tuple[list[tuple[str, int]], str]], seed: int) -> None:
    shop = Inventory(mug=6, pot=6)

    async def run() -> None:
        for message in redelivered(_messages(wanted), key=lambda one: one.key, seed=seed):
            await shop.takes(message)

    anyio.run(run)
    for number in range(len(wanted)):
        sequences = [message.sequence for message in shop.tables.reservations.log.of_key(f"o{number}")]
        assert sequences == list(range(1, len(sequences) + 1))
