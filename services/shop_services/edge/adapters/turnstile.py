"""Rate limits in Redis: one key a client, decided in one round trip."""

from __future__ import annotations

import logging

import redis.asyncio
import redis.exceptions

from shop_services.edge.domain.rate import RateLimit, Verdict

_log = logging.getLogger(__name__)

# `shop_services.edge.domain.rate.judge`, where the state is: a decision must be atomic over all instances. Time is Redis' own.
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


class RedisTurnstile:
    """Implements `Turnstile`. Without Redis everybody passes: a shop that sells unbounded is better than one that is shut."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._judge = client.register_script(JUDGE)

    async def pass_through(self, client: str, limit: RateLimit) -> Verdict:
        try:
            wait_ms = int(await self._judge(keys=[f"edge:rate:{client}"], args=[limit.interval_ms, limit.tolerance_ms]))
        except (redis.exceptions.RedisError, OSError, TimeoutError) as trouble:
            _log.warning("rate limits are not counted now", extra={"reason": str(trouble) or type(trouble).__name__})
            return Verdict(is_allowed=True)
        return Verdict(is_allowed=wait_ms == 0, retry_after_seconds=wait_ms / 1000)
