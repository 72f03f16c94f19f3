"""What the world is told of prices: all of it, each time, so that the last event of an article is enough."""

from __future__ import annotations

import pytest
from shop_contracts.proto.pricing.v1.prices_pb2 import PriceEvent
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received
from shop_services.pricing.adapters.in_memory import InMemoryPriceLists, InMemoryPrices, PricingTables
from shop_services.pricing.application.listing import WantedPrices, set_prices
from shop_services.pricing.domain.prices import PriceList
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

pytestmark = pytest.mark.anyio
SALE = PriceList("sale", "EUR", validity=Validity(1_800_000_000.0, 1_800_086_400.0))
CLUB = PriceList("yen-club", "JPY", "club", tax_included=False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def told(*changes: tuple[tuple[str, Money], ...]) -> list[PriceEvent]:
    """The events after an article's prices were set to each of these, one after another."""
    tables, clock = PricingTables(), HandClock(1_700_000_000.5)
    lists, prices = InMemoryPriceLists(tables), InMemoryPrices(tables, clock)
    for terms in (SALE, CLUB):
        await lists.add(terms)
    for amounts in changes:
        before = tables.prices.get("mug")
        seen = before.revision.version if before and before.prices else 0
        await set_prices([WantedPrices("mug", TaxClass.STANDARD, amounts, seen)], lists=lists, prices=prices)
    return [received(message, PriceEvent).event for message in tables.log.of_key("mug")]


async def test_an_event_carries_every_price_with_the_terms_of_its_list() -> None:
    (event,) = await told((("sale", Money("EUR", 1999)), ("yen-club", Money("JPY", 300))))

    sale, club = event.prices_changed.prices
    assert (event.sku, event.version, event.occurred_at.ToMilliseconds()) == ("mug", 1, 1_700_000_000_500)
    assert (sale.price_list_id, sale.amount.currency_code, sale.amount.minor_units, sale.tax_included) == (
        "sale",
        "EUR",
        1999,
        True,
    )
    assert (sale.valid_from.seconds, sale.valid_until.seconds, sale.customer_group) == (1_800_000_000, 1_800_086_400, "")
    assert (club.customer_group, club.amount.currency_code, club.tax_included) == ("club", "JPY", False)
    assert not club.HasField("valid_from")
    assert not club.HasField("valid_until")


async def test_versions_rise_and_what_changes_nothing_is_not_told() -> None:
    dear, cheap = (("sale", Money("EUR", 1999)),), (("sale", Money("EUR", 999)),)

    events = await told(dear, dear, cheap, (), dear)

    assert [(event.version, event.WhichOneof("kind")) for event in events] == [
        (1, "prices_changed"),
        (2, "prices_changed"),
        (3, "prices_removed"),
        (4, "prices_changed"),
    ]
