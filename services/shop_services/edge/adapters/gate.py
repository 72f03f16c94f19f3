"""Lets visitors in: who they are, and whether they ask too often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shop_kit.auth import NotAuthenticated
from shop_kit.http import Anybody, Problem
from shop_kit.http.access import Access, bearer_token
from shop_kit.http.contract import Operation
from shop_kit.http.rate_limits import client_address, count
from shop_kit.rate_limits import RateLimit, RateLimiter
from shop_kit.resilience.declared import AS_THE_KIT_HAS_IT, Resilience
from starlette.requests import Request

from shop_services.edge.application.callers import Caller


class Tokens(Protocol):
    """What proves who a visitor is."""

    def knows(self, token: str) -> bool:
        """Return whether this token is known to be good, so that verifying it costs nothing."""
        ...

    async def verify(self, token: str) -> Caller:
        """Return whose token it is. Raises NotAuthenticated for one that is forged, expired or meant for something else."""
        ...


@dataclass(frozen=True)
class Limits:
    """How often a known customer may ask, and how often an address may without a token. Many customers share an address."""

    customer: RateLimit
    address: RateLimit
    trusted_proxies: int = 0
    """How many proxies of ours stand before the edge."""


@dataclass(frozen=True)
class Gate:
    """Counts every visitor before anything is done for them: by customer where that is known already, else by address.

    A token that was not seen before is counted by address before it is verified, so that guessing tokens is bounded like anything.
    """

    tokens: Tokens
    limiter: RateLimiter
    limits: Callable[[], Limits]
    """What holds now: it may change while the edge runs."""
    declared: Resilience = AS_THE_KIT_HAS_IT

    async def enter(self, request: Request) -> Caller | None:
        """Return whom the token names, None without a token. Raises NotAuthenticated, or Problem 429."""
        limits = self.limits()
        token = bearer_token(request) if self._has_good_token(request) else None
        if token is None:
            address = client_address(request, trusted_proxies=limits.trusted_proxies)
            await count(self.limiter, f"address:{address}", limits.address)
            if "authorization" not in request.headers:
                return None
            token = bearer_token(request)
        caller = await self.tokens.verify(token)
        await count(self.limiter, f"customer:{caller.subject}", limits.customer)
        return caller

    async def count_for(self, operation: str, request: Request, caller: Caller | None) -> None:
        """Count one request of a client for the limit on an operation, where there is one. Raises Problem 429."""
        limit = self.declared.limit_of(operation)
        if limit is not None:
            client = caller.subject if caller else client_address(request, trusted_proxies=self.limits().trusted_proxies)
            await count(self.limiter, f"{limit.name}:{client}", RateLimit(limit.per_second, limit.burst))

    def _has_good_token(self, request: Request) -> bool:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens.knows(token.strip())


def admission(gate: Gate, operation: Operation) -> Access:
    """Return who may use an operation, by what its contract says."""
    if not operation.ways:
        return Anybody("the contract opens it to everybody, whoever they are")
    return Admission(gate, operation)


@dataclass(frozen=True)
class Admission:
    """Admits to an operation whom its contract names: tokens of the kinds that it has a way in for, with all scopes of that way."""

    gate: Gate
    operation: Operation

    async def admit(self, request: Request) -> Caller | None:
        """Return who asks, with no more scopes than the operation wants; None for somebody without a token where none is needed.

        Raises NotAuthenticated, NotAllowed, Problem 403 for another kind of token, Problem 429.
        """
        caller = await self.gate.enter(request)
        await self.gate.count_for(self.operation.id, request, caller)
        if caller is None:
            if self.operation.is_open:
                return None
            raise NotAuthenticated("send `Authorization: Bearer <token>`; a guest gets one as `guestToken` with their first order")
        way = self.operation.way_of(caller.kind)
        if way is None:
            if self.operation.is_open:
                return caller.limited_to(frozenset())
            taken = ", ".join(one.scheme for one in self.operation.ways)
            detail = f"It is a {caller.kind}'s token, and this takes those of: {taken}."
            raise Problem(403, "This is not allowed with this token", kind="not-allowed", detail=detail)
        for scope in sorted(way.scopes):
            caller.require(scope)
        return caller.limited_to(way.scopes)
