"""What pricing's repositories promise: the same suite for DynamoDB and for those in memory, so that these cannot lie."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from fakes.bare_platform import PlatformSettings, make_table
from shop_kit.aggregates import Stale
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.clock import SystemClock
from shop_kit.errors import Refused, Transient
from shop_kit.idempotency import Answer, AnsweredBefore, Claim, KeyReused
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.metrics import Metrics
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.service import TableStore
from shop_kit.shared_kernel import Money
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import EventLog
from shop_services.pricing.adapters.in_memory import (
    InMemoryCoupons,
    InMemoryPriceLists,
    InMemoryPrices,
    InMemoryPromotions,
    InMemoryQuotes,
    InMemoryRedemptions,
    PricingTables,
)
from shop_services.pricing.adapters.promotion_repositories import DynamoCoupons, DynamoPromotions, DynamoRedemptions
from shop_services.pricing.adapters.quote_answers import QuoteAnswers, Work
from shop_services.pricing.adapters.repositories import DynamoPriceLists, DynamoPrices, DynamoQuotes
from shop_services.pricing.application import refusals
from shop_services.pricing.application.listing import StalePrices, WantedPrices, set_prices
from shop_services.pricing.application.ports import (
    CouponRepository,
    PriceListRepository,
    PriceRepository,
    PromotionRepository,
    QuoteRepository,
    SignedQuote,
)
from shop_services.pricing.application.redeeming import Redeeming, RedemptionRepository
from shop_services.pricing.domain import shipping
from shop_services.pricing.domain.coupons import Coupon, Redeem, Status
from shop_services.pricing.domain.prices import Price, PriceList
from shop_services.pricing.domain.promotions import BuyXGetY, FixedAmount, Percentage, Promotion, Target
from shop_services.pricing.domain.quote import Quote, TaxedPrice, Wish, price_cart
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
CLOCK = HandClock()
RETAIL = PriceList("retail", "EUR", validity=Validity(1_700_000_000.125, None))
YEN = PriceList("yen", "JPY", "club", tax_included=False, validity=Validity(None, 1_900_000_000.5))


@dataclass
class Repositories:
    """All of pricing's, as one process has them."""

    lists: PriceListRepository
    prices: PriceRepository
    promotions: PromotionRepository
    coupons: CouponRepository
    redemptions: RedemptionRepository
    quotes: QuoteAnswers

    @property
    def redeeming(self) -> Redeeming:
        return Redeeming(self.coupons, self.redemptions, CLOCK)


@asynccontextmanager
async def on_dynamodb(platform: PlatformSettings) -> AsyncIterator[Repositories]:
    name = f"prc-{uuid.uuid4().hex[:8]}"
    async with AwsClient.connect(platform.aws) as client:
        for table in (name, f"{name}-outbox"):
            await make_table(client, table, "pk", "sk")
        dynamo = Dynamo(client)
        outbox = DynamoOutbox(
            dynamo,
            table=name,
            outbox_table=f"{name}-outbox",
            producer=EventLog(),  # type: ignore[arg-type]  # nothing is relayed here
            metrics=Metrics(),
            clock=SystemClock(),
        )
        store = TableStore(name, dynamo, outbox, DynamoIdempotency(dynamo, name))
        yield Repositories(
            DynamoPriceLists(store),
            DynamoPrices(store, DynamoPriceLists(store), CLOCK),
            DynamoPromotions(store),
            DynamoCoupons(store),
            DynamoRedemptions(store, CLOCK),
            DynamoQuotes(store),
        )


@pytest.fixture(params=["in memory", "dynamodb"])
async def stored(request: pytest.FixtureRequest) -> AsyncIterator[Repositories]:
    if request.param == "in memory":
        tables = PricingTables()
        yield Repositories(
            InMemoryPriceLists(tables),
            InMemoryPrices(tables, CLOCK),
            InMemoryPromotions(tables),
            InMemoryCoupons(tables),
            InMemoryRedemptions(tables, CLOCK),
            InMemoryQuotes(tables),
        )
        return
    async with on_dynamodb(request.getfixturevalue("platform")) as real:
        yield real


async def price(stored: Repositories, wanted: Sequence[WantedPrices]) -> Sequence[object]:
    await stored.lists.add(RETAIL)
    await stored.lists.add(YEN)
    return await set_prices(wanted, lists=stored.lists, prices=stored.prices)


async def redeem(stored: Repositories, order: str, *codes: str, by: str = "cus_1", handling: str = "") -> Status:
    """Redeem as a consumer does: what is contended comes again."""
    wanted = Redeem(order, by, "qte_1", codes)
    message = handling or f"m-{order}"
    while True:
        try:
            await stored.redeeming.redeem(wanted, handling=message)
        except Transient:
            await asyncio.sleep(0)
        else:
            break
    found = await stored.redemptions.find(order, fresh=True)
    assert found is not None
    return found.status


async def used(stored: Repositories, code: str) -> int:
    return (await stored.coupons.find([code]))[code].used


async def test_price_lists_are_added_once_and_come_by_id(stored: Repositories) -> None:
    assert await stored.lists.add(YEN) == YEN
    assert await stored.lists.add(replace(YEN, currency="EUR")) == YEN
    await stored.lists.add(RETAIL)

    first = await stored.lists.page(limit=1, behind=None)
    second = await stored.lists.page(limit=5, behind=first.next_id)

    assert ([*first.items], [*second.items], second.next_id) == ([RETAIL], [YEN], None)
    assert await stored.lists.find(["yen", "no-such"]) == {"yen": YEN}


async def test_prices_are_read_as_they_were_set(stored: Repositories) -> None:
    amounts = (("retail", Money("EUR", 1999)), ("yen", Money("JPY", 300)))
    await price(stored, [WantedPrices("mug", TaxClass.REDUCED, amounts, 0)])

    found = (await stored.prices.find(["mug", "no-such"]))["mug"]

    assert (found.tax_class, found.prices) == (
        TaxClass.REDUCED,
        (Price(RETAIL, Money("EUR", 1999)), Price(YEN, Money("JPY", 300))),
    )
    assert (found.revision.version, found.revision.sequence) == (1, 1)


async def test_a_hundred_articles_are_set_at_once_and_each_under_its_own_version(stored: Repositories) -> None:
    amounts = (("retail", Money("EUR", 1999)),)
    await price(stored, [WantedPrices("sku-7", TaxClass.STANDARD, (("retail", Money("EUR", 1)),), 0)])

    outcomes = await price(stored, [WantedPrices(f"sku-{n}", TaxClass.STANDARD, amounts, 0) for n in range(100)])

    assert [n for n, one in enumerate(outcomes) if isinstance(one, StalePrices)] == [7]
    found = await stored.prices.find(f"sku-{n}" for n in range(100))
    assert len(found) == 100
    assert found["sku-7"].prices[0].amount.minor_units == 1


async def test_prices_that_were_changed_meanwhile_are_stale(stored: Repositories) -> None:
    await price(stored, [WantedPrices("mug", TaxClass.STANDARD, (("retail", Money("EUR", 1999)),), 0)])
    read = (await stored.prices.find(["mug"]))["mug"]
    await stored.prices.save([read])

    with pytest.raises(Stale):
        await stored.prices.save([read])


def a_quote(quote_id: str, customer: str | None = None) -> SignedQuote:
    taxed = TaxedPrice(Price(RETAIL, Money("EUR", 1999)), TaxClass.STANDARD)
    cart = price_cart([Wish("mug", 1)], {"mug": taxed}, shipping.method("standard", "DE", "EUR"), (), country="DE", at=0.0)
    return SignedQuote(Quote(quote_id, customer, cart, 1_000.0, 1_900.0), "a-token")


async def test_a_request_is_answered_with_one_quote_however_often_and_whenever_it_comes(stored: Repositories) -> None:
    def answered(signed: SignedQuote) -> Answer:
        return Answer(201, signed.quote.id.encode(), {"location": signed.quote.id})

    def makes(quote_id: str) -> Work:
        async def work(quotes: QuoteRepository) -> SignedQuote:
            await quotes.add(a_quote(quote_id))
            return a_quote(quote_id)

        return work

    async def finds_no_price(_quotes: QuoteRepository) -> SignedQuote:
        raise refusals.no_price("EUR", [(0, "mug")])

    claim = Claim("cus_1 POST /v1/quotes", "k-1", "f-1")
    with pytest.raises(Refused):
        await stored.quotes.answer(claim, finds_no_price, answered)
    first = await stored.quotes.answer(claim, makes("qte_1"), answered)
    for work in (makes("qte_2"), finds_no_price):
        with pytest.raises(AnsweredBefore) as before:
            await stored.quotes.answer(claim, work, answered)
        assert before.value.answer == first == Answer(201, b"qte_1", {"location": "qte_1"})
    with pytest.raises(KeyReused):
        await stored.quotes.answer(Claim(claim.scope, claim.key, "f-2"), makes("qte_3"), answered)
    assert [await stored.quotes.find(name) is not None for name in ("qte_1", "qte_2", "qte_3")] == [True, False, False]


async def test_a_quote_is_kept_with_whose_it_is(stored: Repositories) -> None:
    for quote_id, customer in (("qte_1", "cus_1"), ("qte_2", None)):
        await stored.quotes.add(a_quote(quote_id, customer))

    records = [await stored.quotes.find(quote_id) for quote_id in ("qte_1", "qte_2", "qte_3")]

    assert [record and record.customer_id for record in records] == ["cus_1", None, None]
    assert [record is None for record in records] == [False, False, True]
    assert records[0] is not None
    assert b'"token":"a-token"' in records[0].document


@pytest.mark.parametrize(
    "promotion",
    [
        Promotion("p", "A tenth off", Percentage(1000), needs_coupon=True, is_exclusive=True, priority=3),
        Promotion("p", "5 off", FixedAmount((Money("EUR", 500), Money("JPY", 80))), minimums=(Money("EUR", 5000),)),
        Promotion("p", "3 for 2", BuyXGetY(2, 1), skus=frozenset({"a", "b"}), customer_group="club"),
        Promotion("p", "Free", Percentage(10_000), target=Target.SHIPPING, validity=Validity(1.125, 2_000_000_000.25)),
    ],
    ids=lambda one: one.name,
)
async def test_a_promotion_is_read_as_it_was_set(stored: Repositories, promotion: Promotion) -> None:
    saved = await stored.promotions.save(promotion)

    assert saved == replace(promotion, version=1)
    assert await stored.promotions.find("p") == saved
    assert [*await stored.promotions.all()] == [saved]
    with pytest.raises(Stale):
        await stored.promotions.save(promotion)


async def test_setting_a_coupon_anew_leaves_its_uses(stored: Repositories) -> None:
    made = await stored.coupons.save(Coupon("TEN", "ten", most_uses=5, validity=Validity(1.5, 2_000_000_000.0)))
    await redeem(stored, "o1", "TEN")

    await stored.coupons.save(replace(made, most_uses=1))

    found = (await stored.coupons.find(["TEN", "NOSUCH"]))["TEN"]
    assert (found.most_uses, found.used, found.version, found.validity) == (1, 1, 2, Validity(1.5, 2_000_000_000.0))
    assert await redeem(stored, "o2", "TEN", by="cus_2") is Status.REFUSED
    with pytest.raises(Stale):
        await stored.coupons.save(made)


async def test_of_many_orders_only_as_many_use_a_coupon_as_may(stored: Repositories) -> None:
    await stored.coupons.save(Coupon("TEN", "ten", most_uses=3))

    outcomes = await asyncio.gather(*(redeem(stored, f"o{n}", "TEN", by=f"cus_{n}") for n in range(12)))

    assert outcomes.count(Status.REDEEMED) == 3
    assert outcomes.count(Status.REFUSED) == 9
    assert await used(stored, "TEN") == 3


async def test_of_many_orders_of_a_customer_only_as_many_use_a_coupon_as_one_may(stored: Repositories) -> None:
    await stored.coupons.save(Coupon("ONCE", "ten", most_uses_by_customer=1))

    outcomes = await asyncio.gather(*(redeem(stored, f"o{n}", "ONCE", by=f"cus_{n % 2}") for n in range(8)))

    assert outcomes.count(Status.REDEEMED) == 2
    assert await stored.coupons.used_by("cus_0", ["ONCE"]) == {"ONCE": 1}


async def test_all_codes_are_used_or_none(stored: Repositories) -> None:
    for coupon in (Coupon("TEN", "ten"), Coupon("LAST", "ten", most_uses=1)):
        await stored.coupons.save(coupon)
    await redeem(stored, "o1", "LAST")

    assert await redeem(stored, "o2", "TEN", "LAST", by="cus_2") is Status.REFUSED
    assert (await used(stored, "TEN"), await used(stored, "LAST")) == (0, 1)


async def test_a_release_gives_back_once_and_keeps_back_what_comes_later(stored: Repositories) -> None:
    await stored.coupons.save(Coupon("ONCE", "ten", most_uses=1, most_uses_by_customer=1))
    await redeem(stored, "o1", "ONCE")

    for message in ("r1", "r1", "r2"):
        await stored.redeeming.release("o1", handling=message)
    await stored.redeeming.release("o2", handling="r3")

    assert await used(stored, "ONCE") == 0
    assert await redeem(stored, "o2", "ONCE") is Status.RELEASED
    assert await redeem(stored, "o3", "ONCE") is Status.REDEEMED


async def test_orders_that_come_and_fail_side_by_side_leave_every_use_counted(stored: Repositories) -> None:
    await stored.coupons.save(Coupon("TEN", "ten", most_uses=4))

    async def order(number: int) -> None:
        await redeem(stored, f"o{number}", "TEN", by=f"cus_{number}")
        if number % 2:
            while True:
                try:
                    await stored.redeeming.release(f"o{number}", handling=f"r{number}")
                except Transient:
                    await asyncio.sleep(0)
                else:
                    return

    await asyncio.gather(*map(order, range(12)))

    redemptions = [await stored.redemptions.find(f"o{n}", fresh=True) for n in range(12)]
    held = [one for one in redemptions if one and one.status is Status.REDEEMED]
    assert await used(stored, "TEN") == len(held) <= 4
