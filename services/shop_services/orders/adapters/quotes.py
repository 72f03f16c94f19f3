"""Quotes as pricing signs them: tokens (JWT) with one claim that holds what was priced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from shop_contracts.tokens import ANYBODY, QUOTE_CLAIM
from shop_kit.auth import NotAuthenticated, TokenExpired, TokenVerifier

from shop_services.orders.adapters.quote_records import QuoteRecord
from shop_services.orders.application.ports import QuoteExpired, QuoteNotValid
from shop_services.orders.domain.quote import Quote, QuoteInconsistent


@dataclass(frozen=True)
class SignedQuotes:
    """Implements `Quotes`: believes what pricing has signed, and nothing else."""

    tokens: TokenVerifier

    async def read(self, token: str, *, customer_id: str) -> Quote:
        """Return what a token says, for this customer. Raises QuoteNotValid, QuoteExpired; Unavailable without pricing's keys."""
        try:
            signed = await self.tokens.verify(token)
        except TokenExpired as expired:
            raise QuoteExpired("the quote has expired: prices may have changed since") from expired
        except NotAuthenticated as refused:
            raise QuoteNotValid("this is no quote of this shop") from refused
        if signed.subject not in {ANYBODY, customer_id}:
            raise QuoteNotValid("the quote was made for somebody else")
        return _read(signed.claims)


def _read(claims: Any) -> Quote:
    try:
        quote = msgspec.convert(claims[QUOTE_CLAIM], QuoteRecord).quote(str(claims["jti"]))
        quote.check()
    except (KeyError, msgspec.ValidationError, QuoteInconsistent) as wrong:
        raise QuoteNotValid(f"the quote is signed, and does not hold: {wrong}") from wrong
    return quote
