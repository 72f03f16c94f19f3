"""Coupons: used once for an order however often it is asked, never more often than they may be, and free again when it fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from shop_contracts.proto.pricing.v1 import redemptions_pb2
from shop_contracts.proto.pricing.v1.commands_pb2 import PricingCommand
from shop_contracts.proto.pricing.v1.redemptions_pb2 import RedemptionEvent
from shop_kit.messages import Received, outgoing
from shop_kit.testing.clock import HandClock
from shop_kit.testing.delivery import redelivered
from shop_kit.testing.event_log import received
from shop_services.pricing.adapters.commands import subscription
from shop_services.pricing.adapters.events import COMMANDS_TOPIC
from shop_services.pricing.adapters.in_memory import InMemoryCoupons, InMemoryRedemptions, PricingTables
from shop_services.pricing.application.redeeming import Redeeming
from shop_services.pricing.domain.coupons import Coupon
from shop_services.pricing.domain.validity import Validity

pytestmark = pytest.mark.anyio
REASONS = redemptions_pb2.RefusalReason


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shop:
    """Pricing's handling of commands, and what it answers."""

    def __init__(self, *coupons: Coupon) -> None:
        self.tables = PricingTables(coupons={one.id: one for one in coupons})
        self.clock = HandClock()
        self.handle = self.process()

    def process(self) -> Any:
        """One more process on the same tables."""
        redeeming = Redeeming(InMemoryCoupons(self.tables), InMemoryRedemptions(self.tables, self.clock), self.clock)
        return subscription(redeeming).handle

    async def redeem(self, order: str, *codes: str, by: str = "cus_1") -> str:
        await self.handle(redeem(order, *codes, by=by))
        return self.answer(order)

    async def release(self, order: str) -> str:
        await self.handle(release(order))
        return self.answer(order)

    def answers(self, order: str) -> list[str]:
        """What was answered about an order's coupons, oldest first; versions rise without a gap."""
        messages = self.tables.redemptions.log.of_key(order)
        events = [received(message, RedemptionEvent).event for message in messages]
        assert [event.version for event in events] == [*range(1, len(events) + 1)]
        return [_told(event) for event in events]

    def answer(self, order: str) -> str:
        return self.answers(order)[-1]

    def used(self, code: str = "TEN") -> int:
        return self.tables.coupons[code].used


def _told(event: RedemptionEvent) -> str:
    kind = str(event.WhichOneof("kind")).removeprefix("coupons_")
    if kind == "refused":
        return f"{event.coupons_refused.code} " + REASONS.Name(event.coupons_refused.reason).removeprefix("REFUSAL_REASON_").lower()
    return kind


def redeem(order: str, *codes: str, by: str = "cus_1") -> Received[PricingCommand]:
    command = PricingCommand(order_id=order)
    command.redeem_coupons.customer_id = by
    command.redeem_coupons.quote_id = "qte_1"
    command.redeem_coupons.codes.extend(codes or ["TEN"])
    return _arrives(command)


def release(order: str) -> Received[PricingCommand]:
    command = PricingCommand(order_id=order)
    command.release_coupons.SetInParent()
    return _arrives(command)


def _arrives(command: PricingCommand) -> Received[PricingCommand]:
    return received(outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1), PricingCommand)


async def test_a_coupon_is_used_and_counted() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses=2))

    assert (await shop.redeem("o1"), shop.used()) == ("redeemed", 1)


async def test_the_same_command_has_one_effect_and_one_answer_however_often_it_is_delivered() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses=2))
    command = redeem("o1")

    for handle in (shop.handle, shop.handle, shop.process()):
        await handle(command)

    assert (shop.answers("o1"), shop.used()) == (["redeemed"], 1)


async def test_a_command_that_is_asked_again_is_answered_again_and_uses_nothing_more() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses=1))

    await shop.redeem("o1")
    await shop.redeem("o1")

    assert (shop.answers("o1"), shop.used()) == (["redeemed", "redeemed"], 1)


async def test_what_is_used_up_is_refused_and_free_again_when_the_order_fails() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses=1))

    assert [await shop.redeem("o1"), await shop.redeem("o2", by="cus_2")] == ["redeemed", "TEN used_up"]
    assert [await shop.release("o1"), await shop.redeem("o3", by="cus_3")] == ["released", "redeemed"]
    assert shop.used() == 1


async def test_a_customer_uses_it_as_often_as_one_may() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses_by_customer=1))

    outcomes = [await shop.redeem(f"o{n}", by=by) for n, by in enumerate(["cus_1", "cus_1", "cus_2"])]

    assert outcomes == ["redeemed", "TEN used_up_by_customer", "redeemed"]


async def test_a_customers_use_is_free_again_when_the_order_fails() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses_by_customer=1))
    await shop.redeem("o1")
    await shop.release("o1")

    assert await shop.redeem("o2") == "redeemed"


async def test_a_guest_has_no_limit_by_customer_to_keep_to() -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses_by_customer=1), Coupon("FREE", "free"))

    assert [await shop.redeem("o1", by="gst_1"), await shop.redeem("o2", "FREE", by="gst_1")] == ["TEN needs_customer", "redeemed"]


async def test_all_codes_are_used_or_none() -> None:
    shop = Shop(Coupon("TEN", "ten"), Coupon("GONE", "gone", most_uses=1, used=1))

    assert [await shop.redeem("o1", "TEN", "GONE"), await shop.redeem("o2", "TEN", "NOSUCH")] == ["GONE used_up", "NOSUCH unknown"]
    assert shop.used() == 0


async def test_a_release_that_comes_first_lets_nothing_be_used() -> None:
    shop = Shop(Coupon("TEN", "ten"))

    assert [await shop.release("o1"), await shop.redeem("o1")] == ["released", "released"]
    assert shop.used() == 0


async def test_a_release_that_is_asked_twice_gives_back_once() -> None:
    shop = Shop(Coupon("TEN", "ten"))
    await shop.redeem("o1")
    await shop.redeem("o2", by="cus_2")

    await shop.release("o1")
    await shop.release("o1")

    assert shop.used() == 1


async def test_what_held_when_the_quote_was_made_holds_while_a_quote_does() -> None:
    shop = Shop(Coupon("TEN", "ten", validity=Validity(ends=HandClock().now() + 1)))

    shop.clock.pass_by(800)
    in_time = await shop.redeem("o1")
    shop.clock.pass_by(200)

    assert [in_time, await shop.redeem("o2")] == ["redeemed", "TEN not_valid_now"]


async def test_a_code_that_stands_twice_in_a_command_is_used_once() -> None:
    shop = Shop(Coupon("TEN", "ten"))

    assert await shop.redeem("o1", "TEN", "TEN") == "redeemed"
    assert shop.used() == 1


@pytest.mark.parametrize("seed", range(10))
async def test_no_redelivery_exceeds_a_limit_or_loses_a_use(seed: int) -> None:
    shop = Shop(Coupon("TEN", "ten", most_uses=3))
    commands = [redeem(f"o{n}", by=f"cus_{n}") for n in range(6)] + [release(f"o{n}") for n in range(2)]

    for number, command in enumerate(redelivered(commands, key=lambda one: one.key, seed=seed)):
        await (shop.handle if number % 2 else shop.process())(command)

    redeemed = [one for one in shop.tables.redemptions.stored.values() if one.status.value == "redeemed"]
    assert shop.used() == len(redeemed) <= 3
    assert _sum(shop.tables.uses.values()) == shop.used()


def _sum(numbers: Iterable[int]) -> int:
    return sum(numbers)
