"""Rate limits in memory, judged by the domain's own rule."""

from __future__ import annotations

from collections.abc import Callable

from shop_services.edge.domain.rate import RateLimit, Verdict, judge


class FakeTurnstile:
    """Implements `Turnstile` on a clock that the test turns; `now_ms` gives milliseconds."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._arrivals: dict[str, float] = {}
        self.clients: list[str] = []

    async def pass_through(self, client: str, limit: RateLimit) -> Verdict:
        self.clients.append(client)
        verdict, self._arrivals[client] = judge(self._arrivals.get(client), limit, now_ms=self._now_ms())
        return verdict
