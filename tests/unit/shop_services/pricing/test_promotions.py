"""What promotions take off, by example; what holds for all of them is in the laws."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from shop_kit.shared_kernel import Money
from shop_services.pricing.domain import shipping
from shop_services.pricing.domain.prices import Price, PriceList
from shop_services.pricing.domain.promotions import BuyXGetY, FixedAmount, Percentage, Promotion, Target
from shop_services.pricing.domain.quote import Offer, PricedCart, TaxedPrice, Wish, price_cart
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

EURO = PriceList("retail", "EUR")
NOW = 1_770_000_000.0
PRICES = {
    sku: TaxedPrice(Price(EURO, Money("EUR", cents)), TaxClass.STANDARD)
    for sku, cents in {"mug": 1000, "pen": 250, "tea": 499}.items()
}


def cart(*wishes: tuple[str, int], promotions: Sequence[Promotion] = (), offers: Sequence[Offer] = ()) -> PricedCart:
    method = shipping.method("standard", "DE", "EUR")
    chosen = [*(Offer(one) for one in promotions), *offers]
    return price_cart([Wish(*wish) for wish in wishes], PRICES, method, chosen, country="DE", at=NOW)


def discounts(priced: PricedCart) -> dict[str, int]:
    return {line.sku: line.discount.minor_units for line in priced.lines}


def test_a_percentage_is_rounded_once_and_spread_over_its_lines() -> None:
    third_off = Promotion("p", "A third off", Percentage(3_333))

    priced = cart(("mug", 1), ("pen", 1), ("tea", 1), promotions=[third_off])

    # 33.33 % of 17.49 is 5.829…: 583 cents, in the ratio of the prices.
    assert discounts(priced) == {"mug": 334, "pen": 83, "tea": 166}


def test_a_percentage_of_some_articles_leaves_the_others() -> None:
    half = Promotion("p", "Half price", Percentage(5_000), skus=frozenset({"pen"}))

    assert discounts(cart(("mug", 1), ("pen", 2), promotions=[half])) == {"mug": 0, "pen": 250}


def test_a_fixed_amount_is_at_most_what_is_left() -> None:
    ten = Promotion("p", "10 off", FixedAmount((Money("EUR", 1000), Money("USD", 1100))))

    assert discounts(cart(("pen", 2), promotions=[ten])) == {"pen": 500}


def test_a_fixed_amount_in_another_currency_takes_nothing_off() -> None:
    ten = Promotion("p", "10 off", FixedAmount((Money("USD", 1100),)))

    assert discounts(cart(("pen", 2), promotions=[ten])) == {"pen": 0}


@pytest.mark.parametrize("pieces, free", [(2, 0), (3, 1), (5, 1), (6, 2)])
def test_three_for_two_counts_every_whole_three(pieces: int, free: int) -> None:
    three_for_two = Promotion("p", "3 for 2", BuyXGetY(2, 1), skus=frozenset({"pen"}))

    assert discounts(cart(("pen", pieces), promotions=[three_for_two])) == {"pen": 250 * free}


def test_of_different_articles_the_cheapest_pieces_are_free() -> None:
    three_for_two = Promotion("p", "3 for 2", BuyXGetY(2, 1))

    assert discounts(cart(("mug", 2), ("pen", 1), ("tea", 3), promotions=[three_for_two])) == {"mug": 0, "pen": 250, "tea": 499}


def test_two_lines_on_one_article_count_together() -> None:
    three_for_two = Promotion("p", "3 for 2", BuyXGetY(2, 1))

    assert discounts(cart(("pen", 2), ("pen", 1), promotions=[three_for_two])) == {"pen": 250}


def test_promotions_that_combine_come_in_the_order_of_their_priority() -> None:
    half = Promotion("half", "Half price", Percentage(5_000), priority=1)
    ten = Promotion("ten", "1 off", FixedAmount((Money("EUR", 100),)), priority=2)

    first_half = cart(("mug", 1), promotions=[ten, half])

    assert [(one.promotion_id, one.amount.minor_units) for one in first_half.promotions] == [("half", 500), ("ten", 100)]


def test_of_exclusive_promotions_and_all_others_together_the_customer_gets_what_leaves_least_to_pay() -> None:
    small = [Promotion(f"p{n}", "5 % off", Percentage(500)) for n in range(2)]
    large = Promotion("large", "30 % off", Percentage(3_000), is_exclusive=True)
    tiny = Promotion("tiny", "1 % off", Percentage(100), is_exclusive=True)

    assert [one.promotion_id for one in cart(("mug", 1), promotions=[*small, tiny]).promotions] == ["p0", "p1"]
    assert [one.promotion_id for one in cart(("mug", 1), promotions=[*small, tiny, large]).promotions] == ["large"]


def test_a_minimum_counts_what_the_promotion_is_about_before_anything_is_taken_off() -> None:
    about_pens = Promotion("p", "10 % off", Percentage(1_000), skus=frozenset({"pen"}), minimums=(Money("EUR", 500),))
    earlier = Promotion("e", "Half price", Percentage(5_000), priority=1)

    assert discounts(cart(("mug", 9), ("pen", 1), promotions=[about_pens]))["pen"] == 0
    assert discounts(cart(("pen", 2), promotions=[about_pens, earlier])) == {"pen": 275}


def test_shipping_can_be_taken_off_and_is_taxed_on_what_is_left() -> None:
    free = Promotion("p", "Free shipping", Percentage(10_000), target=Target.SHIPPING)

    priced = cart(("pen", 1), promotions=[free])

    assert (priced.shipping.price.minor_units, priced.shipping.discount.minor_units) == (490, 490)
    assert (priced.shipping.total.minor_units, priced.shipping.tax.minor_units) == (0, 0)


def test_a_coupon_that_takes_nothing_off_is_not_used() -> None:
    for_tea = Promotion("p", "Tea", Percentage(1_000), skus=frozenset({"tea"}), needs_coupon=True)

    assert cart(("pen", 1), offers=[Offer(for_tea, "TEATIME")]).coupons == ()
    assert cart(("tea", 1), offers=[Offer(for_tea, "TEATIME")]).coupons == ("TEATIME",)


def test_of_two_ways_to_one_promotion_the_one_that_uses_no_coupon_is_taken() -> None:
    ten = Promotion("p", "10 % off", Percentage(1_000))

    priced = cart(("pen", 1), offers=[Offer(ten), Offer(ten, "TEN"), Offer(ten, "TEN2")])

    assert (priced.coupons, discounts(priced)) == ((), {"pen": 25})


def test_what_holds_from_noon_holds_at_noon_and_what_ends_then_does_not() -> None:
    assert Validity(begins=12.0).covers(12.0)
    assert not Validity(ends=12.0).covers(12.0)


def test_where_prices_with_and_without_tax_meet_tax_is_put_into_each_unit_price_that_lacks_it() -> None:
    net = TaxedPrice(Price(PriceList("net", "EUR", tax_included=False), Money("EUR", 333)), TaxClass.REDUCED)
    method = shipping.method("standard", "DE", "EUR")

    priced = price_cart([Wish("mug", 1), Wish("net", 2)], {**PRICES, "net": net}, method, (), country="DE", at=NOW)

    assert priced.tax_included
    assert [(line.unit_price.minor_units, line.tax.minor_units) for line in priced.lines] == [(1000, 160), (356, 47)]


def test_a_cart_of_net_prices_is_taxed_on_top_line_by_line_and_shipping_too() -> None:
    net = TaxedPrice(Price(PriceList("net", "EUR", tax_included=False), Money("EUR", 333)), TaxClass.STANDARD)
    method = shipping.method("standard", "DE", "EUR")

    priced = price_cart([Wish("net", 3)], {"net": net}, method, (), country="DE", at=NOW)

    assert not priced.tax_included
    assert (priced.lines[0].tax.minor_units, priced.lines[0].total.minor_units) == (190, 1189)
    assert (priced.shipping.price.minor_units, priced.shipping.tax.minor_units, priced.shipping.total.minor_units) == (412, 78, 490)


def test_a_quote_pays_the_tax_of_its_moment() -> None:
    method = shipping.method("standard", "CH", "EUR")
    before, after = (
        price_cart([Wish("mug", 1)], PRICES, method, (), country="CH", at=at) for at in (1_704_067_199.0, 1_704_067_200.0)
    )

    assert (before.lines[0].total, before.lines[0].tax) == (Money("EUR", 1000), Money("EUR", 71))
    assert (after.lines[0].total, after.lines[0].tax) == (Money("EUR", 1000), Money("EUR", 75))
