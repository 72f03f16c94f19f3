"""Idempotency keys in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shop_kit.idempotency import Answer, AnsweredBefore, Claim, InProgress, KeyReused


@dataclass
class InMemoryKeys:
    """The IdempotencyKeys in dictionaries."""

    answered: dict[tuple[str, str], tuple[str, Answer]] = field(default_factory=dict)
    under_way: set[tuple[str, str]] = field(default_factory=set)

    async def once(self, claim: Claim, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work` once. Raises AnsweredBefore, KeyReused, InProgress."""
        key = (claim.scope, claim.key)
        if key in self.answered:
            fingerprint, answer = self.answered[key]
            raise AnsweredBefore(answer) if fingerprint == claim.fingerprint else KeyReused(claim)
        if key in self.under_way:
            raise InProgress(claim)
        self.under_way.add(key)
        try:
            answer = await work()
        finally:
            self.under_way.discard(key)
        self.answered[key] = (claim.fingerprint, answer)
        return answer
