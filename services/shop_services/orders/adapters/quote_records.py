"""A quote as JSON has it: in the token that pricing signs, and in the history of an order. Add fields, never change them."""

from __future__ import annotations

from typing import Self

import msgspec

from shop_services.orders.domain.quote import AppliedPromotion, Line, Quote, Shipping


class LineRecord(msgspec.Struct, rename="camel", frozen=True):
    """A line."""

    sku: str
    quantity: int
    unit_price: int
    discount: int
    tax: int
    total: int


class ShippingRecord(msgspec.Struct, frozen=True):
    """Shipping."""

    method: str
    price: int
    discount: int
    tax: int
    total: int


class PromotionRecord(msgspec.Struct, frozen=True):
    """A promotion."""

    id: str
    amount: int


class QuoteRecord(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What was priced. Its id stands beside it."""

    currency: str
    country: str
    tax_included: bool
    lines: tuple[LineRecord, ...]
    shipping: ShippingRecord
    coupons: tuple[str, ...]
    promotions: tuple[PromotionRecord, ...]
    subtotal: int
    discount: int
    tax: int
    total: int

    def quote(self, quote_id: str) -> Quote:
        """Return the same in the words of the domain."""
        return Quote(
            quote_id,
            self.currency,
            self.country,
            self.tax_included,
            tuple(Line(one.sku, one.quantity, one.unit_price, one.discount, one.tax, one.total) for one in self.lines),
            Shipping(self.shipping.method, self.shipping.price, self.shipping.discount, self.shipping.tax, self.shipping.total),
            self.coupons,
            tuple(AppliedPromotion(one.id, one.amount) for one in self.promotions),
            self.subtotal,
            self.discount,
            self.tax,
            self.total,
        )

    @classmethod
    def of(cls, quote: Quote) -> Self:
        """Return what is written of a quote."""
        return msgspec.convert(quote, cls, from_attributes=True)
