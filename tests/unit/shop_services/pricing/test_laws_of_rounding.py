"""What holds for every cart, whatever is in it: docs/concepts/pricing.md, as laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from shop_kit.shared_kernel import Money
from shop_services.pricing.domain import shipping
from shop_services.pricing.domain.prices import Price, PriceList
from shop_services.pricing.domain.promotions import BuyXGetY, FixedAmount, Percentage, Promotion, Reward, Target
from shop_services.pricing.domain.quote import Offer, PricedCart, TaxedPrice, Wish, price_cart, together
from shop_services.pricing.domain.rounding import part, tax_within
from shop_services.pricing.domain.tax import COUNTRIES, TaxClass

CURRENCIES = ("EUR", "USD", "JPY")
SKUS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Case:
    """A cart and all that decides about its price."""

    wishes: tuple[Wish, ...]
    prices: Mapping[str, TaxedPrice]
    offers: tuple[Offer, ...]
    country: str
    method: shipping.ShippingMethod
    at: float = 0.0

    def priced(self, wishes: Sequence[Wish] | None = None, *, offers: Sequence[Offer] | None = None) -> PricedCart:
        chosen = self.offers if offers is None else offers
        return price_cart(wishes or self.wishes, self.prices, self.method, chosen, country=self.country, at=self.at)


def rewards(currency: str) -> st.SearchStrategy[Reward]:
    return st.one_of(
        st.builds(Percentage, st.integers(1, 10_000)),
        st.builds(lambda units: FixedAmount((Money(currency, units),)), st.integers(0, 10_000)),
        st.builds(BuyXGetY, st.integers(1, 3), st.integers(1, 2)),
    )


@st.composite
def promotions(draw: st.DrawFn, currency: str, index: int) -> Promotion:
    return Promotion(
        f"p{index}",
        "A promotion",
        draw(rewards(currency)),
        target=draw(st.sampled_from(Target)),
        skus=frozenset(draw(st.sets(st.sampled_from(SKUS), max_size=2))),
        minimums=tuple(draw(st.lists(st.builds(lambda units: Money(currency, units), st.integers(0, 5_000)), max_size=1))),
        priority=draw(st.integers(0, 3)),
        is_exclusive=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, *, with_tax: bool | None = None) -> Case:
    currency = draw(st.sampled_from(CURRENCIES))
    country = draw(st.sampled_from(COUNTRIES))
    prices = {}
    for sku in SKUS:
        is_gross = draw(st.booleans()) if with_tax is None else with_tax
        terms = PriceList(f"{currency.lower()}-{is_gross}", currency, tax_included=is_gross)
        prices[sku] = TaxedPrice(Price(terms, Money(currency, draw(st.integers(0, 9_999)))), draw(st.sampled_from(TaxClass)))
    wishes = draw(st.lists(st.builds(Wish, st.sampled_from(SKUS), st.integers(1, 9)), min_size=1, max_size=6))
    count = draw(st.integers(0, 4))
    offers = tuple(Offer(draw(promotions(currency, index))) for index in range(count))
    method = draw(st.sampled_from(shipping.methods(country, currency)))
    return Case(tuple(wishes), prices, offers, country, method, float(draw(st.integers(0, 2_000_000_000))))


@given(cases())
def test_the_sum_of_what_is_itemised_is_the_total(case: Case) -> None:
    cart = case.priced()

    assert cart.total == Money.total([line.total for line in cart.lines] + [cart.shipping.total])
    on_top = Money(cart.currency, 0) if cart.tax_included else cart.tax
    assert cart.total == cart.subtotal - cart.discount + on_top
    taken_off = [one.amount for one in cart.promotions] or [Money(cart.currency, 0)]
    assert Money.total(taken_off) == cart.discount
    for line in cart.lines:
        tax = Money(cart.currency, 0) if cart.tax_included else line.tax
        assert line.total == line.unit_price * line.quantity - line.discount + tax


@given(cases())
def test_no_discount_exceeds_what_it_is_taken_off(case: Case) -> None:
    cart = case.priced()

    for line in cart.lines:
        assert Money(cart.currency, 0) <= line.discount <= line.unit_price * line.quantity
    assert Money(cart.currency, 0) <= cart.shipping.discount <= cart.shipping.price
    assert cart.total >= Money(cart.currency, 0)


@given(cases())
def test_lines_on_one_article_count_together(case: Case) -> None:
    one_line_each = together(case.wishes)

    assert case.priced() == case.priced(one_line_each)
    assert [line.sku for line in case.priced().lines] == [wish.sku for wish in one_line_each]


@given(cases())
def test_no_offer_makes_the_cart_dearer_than_none(case: Case) -> None:
    assert case.priced().total <= case.priced(offers=()).total


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_offers_changes_nothing(case: Case, chance: object) -> None:
    shuffled = [*case.offers]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert case.priced(offers=shuffled) == case.priced()


@given(cases(with_tax=True), st.data())
def test_splitting_an_order_moves_no_cent_of_what_goods_cost_and_of_tax_at_most_one_for_each_article_in_both(
    case: Case, data: st.DataObject
) -> None:
    whole, first, second = split(case, data)

    goods = [Money.total(line.total for line in cart.lines) for cart in (whole, first, second)]
    taxes = [Money.total(line.tax for line in cart.lines).minor_units for cart in (whole, first, second)]
    assert goods[0] == goods[1] + goods[2]
    assert abs(taxes[0] - taxes[1] - taxes[2]) <= in_both(first, second)


@given(cases(with_tax=False), st.data())
def test_where_tax_comes_on_top_splitting_moves_at_most_one_minor_unit_for_each_article_in_both(
    case: Case, data: st.DataObject
) -> None:
    whole, first, second = split(case, data)

    totals = [Money.total(line.total for line in cart.lines).minor_units for cart in (whole, first, second)]
    assert abs(totals[0] - totals[1] - totals[2]) <= in_both(first, second)


@given(cases(with_tax=True), st.integers(1, 10_000), st.data())
def test_a_percentage_off_moves_at_most_one_minor_unit_when_the_order_is_split(
    case: Case, basis_points: int, data: st.DataObject
) -> None:
    offers = (Offer(Promotion("p", "A part off", Percentage(basis_points))),)

    whole, first, second = split(case, data, offers)

    discounts = [cart.discount.minor_units for cart in (whole, first, second)]
    assert abs(discounts[0] - discounts[1] - discounts[2]) <= 1


def split(case: Case, data: st.DataObject, offers: Sequence[Offer] = ()) -> tuple[PricedCart, PricedCart, PricedCart]:
    """The cart, and the same pieces in two orders: each has one at least."""
    pieces = [wish.sku for wish in case.wishes for _ in range(wish.quantity)]
    if len(pieces) < 2:
        pieces = pieces * 2
    goes_first = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    goes_first[0], goes_first[-1] = True, False
    parts = [[Wish(sku, 1) for sku, first in zip(pieces, goes_first, strict=True) if first is side] for side in (True, False)]
    whole = [Wish(sku, 1) for sku in pieces]
    cart, first, second = (case.priced(wishes, offers=offers) for wishes in (whole, *parts))
    return cart, first, second


def in_both(first: PricedCart, second: PricedCart) -> int:
    return len({line.sku for line in first.lines} & {line.sku for line in second.lines})


@given(st.sampled_from(CURRENCIES), st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_part_is_the_nearest_amount(currency: str, units: int, basis_points: int) -> None:
    found = part(Money(currency, units), basis_points).minor_units

    assert abs(2 * (found * 10_000 - units * basis_points)) <= 10_000


@given(st.sampled_from(CURRENCIES), st.integers(0, 10**9), st.integers(0, 3_000))
def test_tax_within_an_amount_is_the_tax_on_the_rest_of_it(currency: str, units: int, basis_points: int) -> None:
    gross = Money(currency, units)

    net = gross - tax_within(gross, basis_points)

    assert abs((net + part(net, basis_points) - gross).minor_units) <= 1


def test_halves_go_away_from_zero() -> None:
    assert [part(Money("EUR", units), 5_000).minor_units for units in (1, 3, -1)] == [1, 2, -1]
