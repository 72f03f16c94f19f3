"""Lets visitors in: who they are, and whether they ask too often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shop_kit.auth import NotAuthenticated, Principal
from shop_kit.http.access import bearer_token
from shop_kit.http.rate_limits import client_address, count
from shop_kit.rate_limits import RateLimit, RateLimiter
from starlette.requests import Request


class Tokens(Protocol):
    """What proves who a visitor is."""

    def knows(self, token: str) -> bool:
        """Return whether this token is known to be good, so that verifying it costs nothing."""
        ...

    async def verify(self, token: str) -> Principal:
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
    limits: Limits

    async def enter(self, request: Request) -> Principal | None:
        """Return the customer that the token names, None without a token. Raises NotAuthenticated, or Problem 429."""
        token = bearer_token(request) if self._has_good_token(request) else None
        if token is None:
            address = client_address(request, trusted_proxies=self.limits.trusted_proxies)
            await count(self.limiter, f"address:{address}", self.limits.address)
            if "authorization" not in request.headers:
                return None
            token = bearer_token(request)
        customer = await self.tokens.verify(token)
        await count(self.limiter, f"customer:{customer.subject}", self.limits.customer)
        return customer

    def _has_good_token(self, request: Request) -> bool:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens.knows(token.strip())


@dataclass(frozen=True)
class Visitors:
    """Admits everybody who does not ask too often, with a token or without one."""

    gate: Gate

    async def admit(self, request: Request) -> Principal | None:
        """Return the customer, None for somebody unknown."""
        return await self.gate.enter(request)


@dataclass(frozen=True)
class Customers:
    """Admits who brings a token."""

    gate: Gate

    async def admit(self, request: Request) -> Principal | None:
        """Return the customer. Raises NotAuthenticated without a token."""
        customer = await self.gate.enter(request)
        if customer is None:
            raise NotAuthenticated("send `Authorization: Bearer <token>`; a guest gets one as `guestToken` with their first order")
        return customer
