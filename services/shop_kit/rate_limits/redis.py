"""Rate limits in Redis: one key a client, decided in one round trip."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio
import redis.exceptions

from shop_kit.errors import Unavailable
from shop_kit.metrics import Metrics
from shop_kit.rate_limits.rate import RateLimit, Verdict
from shop_kit.redis import SUBJECT, connect
from shop_kit.resilience.breaker import CircuitBreaker

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.25
"""How long a request may be held up for the sake of its rate limit; while Redis is away, only now and then one is."""

# `shop_kit.rate_limits.judge`, where the state is: a decision must be atomic over all instances. Time is Redis' own.
# Returns the milliseconds to wait; 0 lets the request pass.
JUDGE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
local ahead = arrival - now
if ahead > tolerance then return math.ceil(ahead - tolerance) end
redis.call('SET', KEYS[1], string.format('%.3f', arrival + interval), 'PX', math.ceil(ahead + interval) + 1000)
return 0
"""


class RedisRateLimiter:
    """Implements `RateLimiter`. Without Redis everybody passes: a shop that sells unbounded is better than one that is shut.

    So no service needs Redis to be ready; how often it could not be asked is in `shop_rate_limits_uncounted_total`.
    """

    def __init__(self, client: redis.asyncio.Redis, *, prefix: str, metrics: Metrics | None = None) -> None:
        self._prefix = prefix
        self._judge = client.register_script(JUDGE)
        self._breaker = CircuitBreaker(SUBJECT)
        self._uncounted = (metrics or Metrics()).counter(
            "shop_rate_limits_uncounted_total", "Requests that passed without being counted, because Redis was away."
        )

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, prefix: str, metrics: Metrics | None = None) -> AsyncIterator[RedisRateLimiter]:
        """Give a limiter with connections of its own for the block. Each client's key begins with `prefix`."""
        async with connect(url, name=prefix, answer_seconds=ANSWER_SECONDS) as client:
            yield cls(client, prefix=prefix, metrics=metrics)

    async def take(self, client: str, limit: RateLimit) -> Verdict:
        """Count one request of `client` and say whether it may pass."""
        try:
            wait_ms = await self._breaker.call(lambda: self._ask(client, limit))
        except Unavailable as away:
            self._uncounted.add()
            _log.warning("rate limits are not counted now", extra={"reason": away.reason})
            return Verdict(is_allowed=True)
        return Verdict(is_allowed=wait_ms == 0, retry_after_seconds=wait_ms / 1000)

    async def _ask(self, client: str, limit: RateLimit) -> int:
        try:
            return int(await self._judge(keys=[f"{self._prefix}:{client}"], args=[limit.interval_ms, limit.tolerance_ms]))
        except (redis.exceptions.RedisError, OSError, TimeoutError) as trouble:
            raise Unavailable(SUBJECT, str(trouble) or type(trouble).__name__) from trouble
