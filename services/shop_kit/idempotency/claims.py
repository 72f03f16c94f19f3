"""What an idempotency key claims, and how a claim can end. Nothing here knows HTTP: `shop_kit.http.idempotency` does.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shop_kit.errors import Conflict, Invalid, KitError

LIFETIME_SECONDS = 24 * 3600.0
"""How long a key is remembered."""

LEASE_SECONDS = 60.0
"""How long a request may hold a key in progress before another one may take it over: longer than any request may run."""


class KeyState(StrEnum):
    """Where a key is in its life."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as one caller uses it for one operation (`scope`), with the fingerprint of the request it came with."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, to be given again: a status and headers in the sender's terms, and a body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class IdempotencyKeys(Protocol):
    """Keeps which requests were answered, and how."""

    async def once(self, claim: Claim, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work` once for a claim and keep its answer. Raises AnsweredBefore, KeyReused, InProgress."""
        ...


class AnsweredBefore(KitError):
    """This very request was answered before; `answer` is what it got."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the request was answered before")
        self.answer = answer


class KeyReused(Invalid):
    """The key came before with another request."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"idempotency key {claim.key} came before with another request")
        self.key = claim.key


class InProgress(Conflict):
    """A request with this key is being worked on."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"idempotency key {claim.key}", "the first request with it is not answered yet")
        self.key = claim.key
