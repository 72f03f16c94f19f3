"""Rate limits in memory, judged by the same rule."""

from __future__ import annotations

from collections.abc import Callable

from shop_kit.rate_limits import RateLimit, Verdict, judge


class InMemoryRateLimiter:
    """Implements `RateLimiter` on a clock that a test turns; `now_ms` gives milliseconds. `clients` are those counted, in order."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._arrivals: dict[str, float] = {}
        self.clients: list[str] = []

    async def take(self, client: str, limit: RateLimit) -> Verdict:
        """Count one request of `client` and say whether it may pass."""
        self.clients.append(client)
        verdict, self._arrivals[client] = judge(self._arrivals.get(client), limit, now_ms=self._now_ms())
        return verdict
