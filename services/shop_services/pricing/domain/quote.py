"""A quote: what a cart costs, line by line, for as long as it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shop_kit.shared_kernel import Money

from shop_services.pricing.domain.prices import Price
from shop_services.pricing.domain.promotions import Position, Promotion, combinations
from shop_services.pricing.domain.rounding import part, tax_within
from shop_services.pricing.domain.shipping import ShippingMethod
from shop_services.pricing.domain.tax import TaxClass, rate

LIFETIME_SECONDS = 900.0
"""How long a quote holds: long enough to pay, too short to speculate on prices."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An article and how many of it."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class TaxedPrice:
    """What an article costs, and how it is taxed."""

    price: Price
    tax_class: TaxClass


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion that the cart may have, and the coupon that asks for it, if one does."""

    promotion: Promotion
    coupon_code: str | None = None


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """All pieces of an article. `total` is quantity times unit price less discount, and tax where it is not in the prices."""

    sku: str
    quantity: int
    unit_price: Money
    discount: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class QuoteShipping:
    """The way to the customer, priced like a line."""

    method: str
    price: Money
    discount: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that took something off, with how much."""

    promotion_id: str
    amount: Money
    coupon_code: str | None


@dataclass(frozen=True, slots=True)
class PricedCart:
    """What a cart costs, itemised. Everything adds up: totals are sums of what stands on lines and shipping."""

    currency: str
    country: str
    tax_included: bool
    lines: tuple[QuoteLine, ...]
    shipping: QuoteShipping
    promotions: tuple[Applied, ...]

    @property
    def coupons(self) -> tuple[str, ...]:
        """Return the codes that took something off: no other is used up by an order."""
        return tuple(one.coupon_code for one in self.promotions if one.coupon_code)

    @property
    def subtotal(self) -> Money:
        """Return what everything costs before anything is taken off."""
        return Money.total([self.shipping.price, *(line.unit_price * line.quantity for line in self.lines)])

    @property
    def discount(self) -> Money:
        """Return what is taken off."""
        return Money.total([self.shipping.discount, *(line.discount for line in self.lines)])

    @property
    def tax(self) -> Money:
        """Return the tax in the total."""
        return Money.total([self.shipping.tax, *(line.tax for line in self.lines)])

    @property
    def total(self) -> Money:
        """Return what is paid."""
        return Money.total([self.shipping.total, *(line.total for line in self.lines)])


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced cart that holds until it expires. `customer_id` is None for a quote that anybody may use."""

    id: str
    customer_id: str | None
    cart: PricedCart
    issued_at: float
    expires_at: float


def together(wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """Return one wish for each article, in the order in which they come first: lines on one article count together."""
    quantities: dict[str, int] = {}
    for wish in wishes:
        quantities[wish.sku] = quantities.get(wish.sku, 0) + wish.quantity
    return tuple(Wish(sku, quantity) for sku, quantity in quantities.items())


def price_cart(
    wishes: Sequence[Wish],
    prices: Mapping[str, TaxedPrice],
    method: ShippingMethod,
    offers: Sequence[Offer],
    *,
    country: str,
    at: float,
) -> PricedCart:
    """Return what these articles cost, shipped so and taxed as at a moment, with the offers that leave least to pay.

    Each SKU has a price, all in one currency. A quote shows prices of one kind: where some include tax and others do not, it is put
    into each unit price that lacks it. Raises CountryNotServed.
    """
    is_gross = any(prices[wish.sku].price.price_list.tax_included for wish in wishes)
    pricing = _Pricing(country, at, is_gross=is_gross, prices=prices)
    articles = [pricing.position(wish) for wish in together(wishes)]
    by_promotion = {offer.promotion.id: offer for offer in reversed(offers)}
    carts = [
        pricing.cart(articles, method, chosen, by_promotion)
        for chosen in combinations([offer.promotion for offer in by_promotion.values()])
    ]
    return min(carts, key=lambda cart: cart.total)


@dataclass(frozen=True)
class _Pricing:
    country: str
    at: float
    is_gross: bool
    prices: Mapping[str, TaxedPrice]

    def position(self, wish: Wish) -> Position:
        taxed = self.prices[wish.sku]
        unit = taxed.price.amount
        if self.is_gross and not taxed.price.price_list.tax_included:
            unit += part(unit, self._rate(taxed.tax_class))
        return Position(wish.sku, wish.quantity, unit, Money(unit.currency, 0))

    def cart(
        self,
        articles: Sequence[Position],
        method: ShippingMethod,
        promotions: Sequence[Promotion],
        offers: Mapping[str, Offer],
    ) -> PricedCart:
        """Return the cart with these promotions, those of articles first."""
        nothing = Money(method.price.currency, 0)
        goods, applied = _apply(promotions, articles, offers)
        price = method.price_for(Money.total(one.price for one in goods))
        if not self.is_gross:
            price -= tax_within(price, self._shipping_rate)
        positions, on_shipping = _apply(promotions, [*goods, Position(None, 1, price, nothing)], offers, is_shipping=True)
        *goods, shipping = positions
        lines = tuple(self._line(one) for one in goods)
        tax, total = self._taxed(shipping.left, self._shipping_rate)
        way = QuoteShipping(method.id, shipping.price, shipping.discount, tax, total)
        return PricedCart(nothing.currency, self.country, self.is_gross, lines, way, (*applied, *on_shipping))

    def _rate(self, tax_class: TaxClass) -> int:
        return rate(self.country, tax_class, at=self.at)

    @property
    def _shipping_rate(self) -> int:
        return self._rate(TaxClass.STANDARD)

    def _line(self, position: Position) -> QuoteLine:
        sku = position.sku or ""
        tax, total = self._taxed(position.left, self._rate(self.prices[sku].tax_class))
        return QuoteLine(sku, position.quantity, position.unit_price, position.discount, tax, total)

    def _taxed(self, amount: Money, basis_points: int) -> tuple[Money, Money]:
        """Return the tax of an amount, and what is paid."""
        if self.is_gross:
            return tax_within(amount, basis_points), amount
        tax = part(amount, basis_points)
        return tax, amount + tax


def _apply(
    promotions: Sequence[Promotion], positions: Sequence[Position], offers: Mapping[str, Offer], *, is_shipping: bool = False
) -> tuple[Sequence[Position], list[Applied]]:
    """Return the positions with what these promotions take off, one after another, and which did."""
    applied = []
    for promotion in promotions:
        if (promotion.target.value == "shipping") is not is_shipping:
            continue
        before = Money.total(one.left for one in positions)
        positions = promotion.taken_off(positions)
        amount = before - Money.total(one.left for one in positions)
        if amount.minor_units:
            applied.append(Applied(promotion.id, amount, offers[promotion.id].coupon_code))
    return positions, applied
