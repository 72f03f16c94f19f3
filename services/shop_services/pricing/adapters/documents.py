"""Quotes as JSON: in a token for those who take them, and as an answer to who asked. All amounts are in minor units."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from shop_contracts import tokens
from shop_kit.auth import TokenSigner

from shop_services.pricing.application.ports import SignedQuote
from shop_services.pricing.domain.quote import PricedCart, Quote


class LineView(msgspec.Struct, rename="camel"):
    """All pieces of an article."""

    sku: str
    quantity: int
    unit_price: int
    discount: int
    tax: int
    total: int


class ShippingView(msgspec.Struct, rename="camel"):
    """The way to the customer."""

    method: str
    price: int
    discount: int
    tax: int
    total: int


class AppliedView(msgspec.Struct, rename="camel", omit_defaults=True):
    """What took something off, with how much, and the coupon that asked for it."""

    id: str
    amount: int
    coupon_code: str | None = None


class CartView(msgspec.Struct, rename="camel", kw_only=True):
    """What a cart costs: the claim of a quote's token."""

    currency: str
    country: str
    tax_included: bool
    lines: list[LineView]
    shipping: ShippingView
    coupons: list[str]
    promotions: list[AppliedView]
    subtotal: int
    discount: int
    tax: int
    total: int


class QuoteView(CartView, rename="camel", kw_only=True):
    """A quote as it is answered."""

    id: str
    customer_id: str | None
    issued_at: datetime
    expires_at: datetime
    token: str


class JwtQuoteSigner:
    """The QuoteSigner: a JWT for orders, signed with Ed25519."""

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def sign(self, quote: Quote) -> str:
        """Return the token of a quote that is issued now."""
        return self._signer.sign(
            quote.customer_id or tokens.ANYBODY,
            audience=tokens.QUOTE_AUDIENCE,
            lifetime_seconds=quote.expires_at - quote.issued_at,
            extra={"jti": quote.id, tokens.QUOTE_CLAIM: msgspec.to_builtins(cart_view(quote.cart))},
        )


def cart_view(cart: PricedCart) -> CartView:
    """Return a cart as JSON has it."""
    shipping = cart.shipping
    return CartView(
        currency=cart.currency,
        country=cart.country,
        tax_included=cart.tax_included,
        lines=[
            LineView(
                line.sku,
                line.quantity,
                line.unit_price.minor_units,
                line.discount.minor_units,
                line.tax.minor_units,
                line.total.minor_units,
            )
            for line in cart.lines
        ],
        shipping=ShippingView(
            shipping.method,
            shipping.price.minor_units,
            shipping.discount.minor_units,
            shipping.tax.minor_units,
            shipping.total.minor_units,
        ),
        coupons=[*cart.coupons],
        promotions=[AppliedView(one.promotion_id, one.amount.minor_units, one.coupon_code) for one in cart.promotions],
        subtotal=cart.subtotal.minor_units,
        discount=cart.discount.minor_units,
        tax=cart.tax.minor_units,
        total=cart.total.minor_units,
    )


def quote_document(signed: SignedQuote) -> bytes:
    """Return a quote as it is answered."""
    quote = signed.quote
    cart = msgspec.structs.asdict(cart_view(quote.cart))
    view = QuoteView(
        **cart,
        id=quote.id,
        customer_id=quote.customer_id,
        issued_at=_moment(quote.issued_at),
        expires_at=_moment(quote.expires_at),
        token=signed.token,
    )
    return msgspec.json.encode(view)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
