"""What an order costs: what pricing has quoted and signed, taken as it is.

All amounts are whole numbers of the currency's minor unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop_kit.shared_kernel import MOST_ARTICLES, Money


class QuoteInconsistent(ValueError):
    """The amounts of a quote do not add up, or it is of nothing, or of too much."""


@dataclass(frozen=True, slots=True)
class Line:
    """An article, how many of it, and what all of them cost. `tax` is the tax in `total`."""

    sku: str
    quantity: int
    unit_price: int
    discount: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Shipping:
    """The way to the customer, and what it costs. `tax` is the tax in `total`."""

    method: str
    price: int
    discount: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class AppliedPromotion:
    """A promotion that took something off."""

    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A cart, priced. `tax_included` says whether tax is in the prices, or comes on top of them."""

    id: str
    currency: str
    country: str
    tax_included: bool
    lines: tuple[Line, ...]
    shipping: Shipping
    coupons: tuple[str, ...] = ()
    promotions: tuple[AppliedPromotion, ...] = ()
    subtotal: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0

    @property
    def due(self) -> Money:
        """Return what is to be paid."""
        return Money(self.currency, self.total)

    def check(self) -> None:
        """Raise QuoteInconsistent when this is not what somebody could pay: the sums must be right to the minor unit."""
        if not self.lines or any(line.quantity < 1 for line in self.lines):
            raise QuoteInconsistent("a quote has lines of at least one piece each")
        if len(self.lines) > MOST_ARTICLES:
            raise QuoteInconsistent(f"an order has at most {MOST_ARTICLES} different articles, and these are {len(self.lines)}")
        if len({line.sku for line in self.lines}) < len(self.lines):
            raise QuoteInconsistent("lines on one article are put together")
        for line in self.lines:
            self._check_part(line.sku, line.quantity * line.unit_price, line)
        self._check_part("shipping", self.shipping.price, self.shipping)
        self._check_sums()

    def _check_part(self, what: str, price: int, part: Line | Shipping) -> None:
        due = price - part.discount + (0 if self.tax_included else part.tax)
        if min(price, part.discount, part.tax, part.total) < 0 or part.total != due:
            raise QuoteInconsistent(f"{what} costs {due}, and the quote says {part.total}")

    def _check_sums(self) -> None:
        parts: tuple[Line | Shipping, ...] = (*self.lines, self.shipping)
        sums = {
            "subtotal": sum(line.quantity * line.unit_price for line in self.lines) + self.shipping.price,
            "discount": sum(part.discount for part in parts),
            "tax": sum(part.tax for part in parts),
            "total": sum(part.total for part in parts),
        }
        for name, amount in sums.items():
            if getattr(self, name) != amount:
                raise QuoteInconsistent(f"the {name} is {amount}, and the quote says {getattr(self, name)}")
