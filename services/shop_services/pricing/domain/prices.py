"""What articles cost, by price list: for a currency and a group of customers, with tax or without, and for a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shop_kit.shared_kernel import NEW, Money, Revision

from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import ALWAYS, Validity

EVERYBODY = ""


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a set of prices has in common. It is made once and stays as it is: other terms are another list."""

    id: str
    currency: str
    customer_group: str = EVERYBODY
    tax_included: bool = True
    validity: Validity = ALWAYS


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece of an article costs by a list."""

    price_list: PriceList
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.currency != self.price_list.currency:
            raise ValueError(f"{self.price_list.id} is in {self.price_list.currency}, not in {self.amount.currency}")

    def is_for(self, currency: str, customer_group: str, *, at: float) -> bool:
        """Return whether somebody of this group pays it at this moment. Whoever belongs to no group is of EVERYBODY."""
        terms = self.price_list
        is_open = terms.customer_group in (EVERYBODY, customer_group)
        return terms.currency == currency and is_open and terms.validity.covers(at)

    @property
    def _order(self) -> tuple[bool, float, int, str]:
        terms = self.price_list
        begins = terms.validity.begins
        is_for_all = terms.customer_group == EVERYBODY
        return is_for_all, -begins if begins is not None else float("inf"), self.amount.minor_units, terms.id


@dataclass(frozen=True, slots=True)
class ArticlePrices:
    """All prices of an article, whose SKU is the id, each list at most once. Without any, nobody can buy it."""

    id: str
    tax_class: TaxClass
    prices: tuple[Price, ...]
    revision: Revision = NEW

    def price_for(self, currency: str, customer_group: str, *, at: float) -> Price | None:
        """Return what somebody pays, or None.

        A list for the customer's own group goes before those for everybody; of several, the one that began last; then the lowest.
        """
        open_to_them = [price for price in self.prices if price.is_for(currency, customer_group, at=at)]
        return min(open_to_them, key=lambda price: price._order, default=None)

    def set_to(self, tax_class: TaxClass, prices: Iterable[Price]) -> ArticlePrices:
        """Return the article with these prices and no others."""
        return replace(self, tax_class=tax_class, prices=tuple(sorted(prices, key=lambda price: price.price_list.id)))

    def is_as(self, other: ArticlePrices) -> bool:
        """Return whether both say the same."""
        return (self.tax_class, self.prices) == (other.tax_class, other.prices)


def unpriced(sku: str) -> ArticlePrices:
    """Return an article that has no price yet."""
    return ArticlePrices(sku, TaxClass.STANDARD, ())
