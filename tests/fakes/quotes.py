"""Pricing's part in an order: quotes, and tokens that say them, signed with a key of one's own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shop_contracts.tokens import ANYBODY, QUOTE_AUDIENCE, QUOTE_CLAIM, QUOTE_ISSUER
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.clock import Clock
from shop_services.orders.adapters.quote_records import QuoteRecord
from shop_services.orders.domain.quote import Line, Quote, Shipping

MINUTES_15 = 900.0
SHIPPING = 490


def a_quote(
    *lines: tuple[str, int, int], quote_id: str | None = None, coupons: Sequence[str] = (), shipping: int = SHIPPING, off: int = 0
) -> Quote:
    """Return a quote in euros, tax included, of lines (SKU, quantity, unit price), each `off` cheaper."""
    priced = tuple(
        Line(sku, quantity, price, min(off, quantity * price), 0, quantity * price - min(off, quantity * price))
        for sku, quantity, price in lines
    )
    return Quote(
        quote_id or f"qte_{uuid.uuid4().hex[:26].upper()}",
        "EUR",
        "DE",
        tax_included=True,
        lines=priced,
        shipping=Shipping("standard", shipping, 0, 0, shipping),
        coupons=tuple(coupons),
        subtotal=sum(line.quantity * line.unit_price for line in priced) + shipping,
        discount=sum(line.discount for line in priced),
        total=sum(line.total for line in priced) + shipping,
    )


class QuoteSigner:
    """Signs quotes as pricing does."""

    def __init__(self, key: Ed25519PrivateKey | None = None, clock: Clock | None = None) -> None:
        self.key = key or Ed25519PrivateKey.generate()
        self._signer = TokenSigner(self.key, QUOTE_ISSUER, clock)

    def sign(self, quote: Quote, *, subject: str = ANYBODY, lifetime_seconds: float = MINUTES_15) -> str:
        """Return a quote's token."""
        claim: Mapping[str, Any] = msgspec.to_builtins(QuoteRecord.of(quote))
        return self.sign_claim(claim, quote_id=quote.id, subject=subject, lifetime_seconds=lifetime_seconds)

    def sign_claim(
        self, claim: object, *, quote_id: str = "qte_1", subject: str = ANYBODY, lifetime_seconds: float = MINUTES_15
    ) -> str:
        """Return a token with whatever is given as the quote."""
        extra = {"jti": quote_id, QUOTE_CLAIM: claim}
        return self._signer.sign(subject, audience=QUOTE_AUDIENCE, lifetime_seconds=lifetime_seconds, extra=extra)

    def verifier(self, clock: Clock | None = None) -> TokenVerifier:
        """Return what believes this key, as orders has it."""
        keys = StaticKeys(self.key.public_key())
        return TokenVerifier(keys, issuer=QUOTE_ISSUER, audience=QUOTE_AUDIENCE, clock=clock, remembers=0)

    def jwks(self) -> dict[str, Any]:
        """Return what pricing publishes."""
        return self._signer.jwks()
