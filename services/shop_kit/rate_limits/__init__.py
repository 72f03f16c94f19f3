"""Rate limits: how often a client may ask, counted for all instances of a service together."""

from shop_kit.rate_limits.rate import RateLimit, RateLimiter, Verdict, judge
from shop_kit.rate_limits.redis import RedisRateLimiter

__all__ = ["RateLimit", "RateLimiter", "RedisRateLimiter", "Verdict", "judge"]
