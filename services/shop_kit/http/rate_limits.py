"""Rate limits at a service's HTTP edge."""

from __future__ import annotations

import math

from starlette.requests import Request

from shop_kit.http.problems import Problem
from shop_kit.rate_limits import RateLimit, RateLimiter


async def count(limiter: RateLimiter, client: str, limit: RateLimit) -> None:
    """Count one request of `client`. Raises Problem 429, with when to try again, for one too many."""
    verdict = await limiter.take(client, limit)
    if verdict.is_allowed:
        return
    wait = max(1, math.ceil(verdict.retry_after_seconds))
    raise Problem(
        429,
        "Too many requests",
        kind="rate-limited",
        detail=f"At most {limit.per_second:g} requests a second are taken from you on average. Try again in {wait} s.",
        headers={"retry-after": str(wait)},
    )


def client_address(request: Request, *, trusted_proxies: int) -> str:
    """Return the address of the client: the socket's, or what the outermost of our own `trusted_proxies` has seen.

    Each proxy adds one address to X-Forwarded-For. What else is there is hearsay.
    """
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        return forwarded[-trusted_proxies]
    return request.client.host if request.client else "unknown"
