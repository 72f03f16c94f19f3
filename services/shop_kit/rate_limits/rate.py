"""How often a client may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `burst` requests at once, and `per_second` on average."""

    per_second: float
    burst: int

    @property
    def interval_ms(self) -> float:
        """Milliseconds that one request uses up."""
        return 1000 / self.per_second

    @property
    def tolerance_ms(self) -> float:
        """How far a client may run ahead of the average."""
        return self.interval_ms * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass now, and if not, after how many seconds it is worth trying again."""

    is_allowed: bool
    retry_after_seconds: float = 0.0


def judge(theoretical_arrival_ms: float | None, limit: RateLimit, *, now_ms: float) -> tuple[Verdict, float]:
    """Decide by the generic cell rate algorithm. Returns the verdict and the client's next theoretical arrival time.

    `theoretical_arrival_ms` is what the last decision returned, None for a new client: one number a client is all the state.
    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """
    arrival = max(now_ms, theoretical_arrival_ms or now_ms)
    ahead = arrival - now_ms
    if ahead > limit.tolerance_ms:
        return Verdict(is_allowed=False, retry_after_seconds=(ahead - limit.tolerance_ms) / 1000), arrival
    return Verdict(is_allowed=True), arrival + limit.interval_ms


class RateLimiter(Protocol):
    """Counts how often each client asks, for all instances of a service together."""

    async def take(self, client: str, limit: RateLimit) -> Verdict:
        """Count one request of `client` and say whether it may pass."""
        ...
