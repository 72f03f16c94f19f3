"""Pricing over tables in memory, for the proofs of its contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shop_contracts.proto.pricing.v1.commands_pb2 import PricingCommand
from shop_kit.messages import OutgoingMessage, Subscription, outgoing
from shop_kit.rehearsal import Rehearsal
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received

from shop_services.pricing.adapters.commands import subscription
from shop_services.pricing.adapters.events import COMMANDS_TOPIC
from shop_services.pricing.adapters.in_memory import (
    InMemoryCoupons,
    InMemoryPriceLists,
    InMemoryPrices,
    InMemoryRedemptions,
    PricingTables,
)
from shop_services.pricing.application.listing import WantedPrices, set_prices
from shop_services.pricing.application.redeeming import Redeeming
from shop_services.pricing.domain.coupons import Coupon
from shop_services.pricing.domain.prices import PriceList
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

MISSING = "MISSING"
_CLOCK = HandClock(1_000_000.0)
_LIST = PriceList("retail-eur", "EUR", "club", validity=Validity(0.0, 2_000_000.0))


class _AnyCoupon(InMemoryCoupons):
    """Every code but MISSING may be used."""

    async def find(self, codes: Iterable[str]) -> Mapping[str, Coupon]:
        for code in {*codes} - {MISSING}:
            self.tables.coupons.setdefault(code, Coupon(code, "welcome"))
        return await super().find(codes)


def rehearsal() -> Rehearsal:
    """Pricing's handlers, and one message of each kind it sends."""
    return Rehearsal(hears=_hears, sends=_sends)


def _hears(_kind: str) -> Sequence[Subscription[Any]]:
    return (_subscription(PricingTables()),)


async def _sends() -> Sequence[OutgoingMessage]:
    tables = PricingTables()
    await _price(tables)
    handle = _subscription(tables).handle
    for command in _commands():
        message = outgoing(COMMANDS_TOPIC, command.order_id, command, source="/shop/orders", sequence=1)
        await handle(received(message, PricingCommand))
    return [*tables.log.messages, *tables.redemptions.log.messages]


def _subscription(tables: PricingTables) -> Subscription[PricingCommand]:
    return subscription(Redeeming(_AnyCoupon(tables), InMemoryRedemptions(tables, _CLOCK), _CLOCK))


async def _price(tables: PricingTables) -> None:
    """Give an article a price, and take it away again."""
    lists, prices = InMemoryPriceLists(tables), InMemoryPrices(tables, _CLOCK)
    await lists.add(_LIST)
    for version, amounts in enumerate([((_LIST.id, Money("EUR", 1999)),), ()]):
        await set_prices([WantedPrices("SKU-0001", TaxClass.STANDARD, amounts, version)], lists=lists, prices=prices)


def _commands() -> Sequence[PricingCommand]:
    """Coupons that are redeemed, refused, and released."""
    found = []
    for number, code in enumerate(["WELCOME10", MISSING]):
        command = PricingCommand(order_id=f"ord_{number}")
        command.redeem_coupons.customer_id = "cus_1"
        command.redeem_coupons.quote_id = "qte_1"
        command.redeem_coupons.codes.append(code)
        found.append(command)
    release = PricingCommand(order_id="ord_0")
    release.release_coupons.SetInParent()
    return [*found, release]
