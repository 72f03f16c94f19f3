"""Quotes for requests that may be sent again: the same one is answered with the same quote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from shop_kit.idempotency import Answer, Claim

from shop_services.pricing.application.ports import QuoteRepository, SignedQuote

Work = Callable[[QuoteRepository], Awaitable[SignedQuote]]
"""Makes a quote and adds it to the repository that it is given."""


class QuoteAnswers(QuoteRepository, Protocol):
    """The quotes, and how requests for them were answered."""

    async def answer(self, claim: Claim, work: Work, respond: Callable[[SignedQuote], Answer]) -> Answer:
        """Return the answer to a request, kept together with the quote that `work` adds.

        Raises AnsweredBefore when this very request was answered before, whatever would become of it now; KeyReused, InProgress.
        """
        ...
