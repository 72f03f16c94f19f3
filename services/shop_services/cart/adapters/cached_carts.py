"""Carts in Redis, before those in DynamoDB: reading one costs no table anything, and without Redis nobody misses a cart.

A change is decided on what is cached and written under the version it was read as, so one that was decided on something old is
decided again. What is shown may be older than the table only after Redis could not be told of a change: this process then asks the
table until it has told it, any other one sees it when the entry has run out.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
import redis.asyncio
from shop_kit.aggregates import Memory
from shop_kit.errors import Unavailable
from shop_kit.metrics import Metrics
from shop_kit.redis import SUBJECT, in_kit_errors
from shop_kit.resilience.breaker import CircuitBreaker

from shop_services.cart.application.ports import CartRepository
from shop_services.cart.domain.cart import Cart

_log = logging.getLogger(__name__)
T = TypeVar("T")

CACHED_SECONDS = 120
ANSWER_SECONDS = 0.25
_DECODER = msgspec.json.Decoder(Cart)

# Of two that write, whoever comes last with the older version writes nothing.
KEEP = """
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'cart', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


class CachedCarts:
    """Implements CartRepository over another one that holds the truth."""

    def __init__(
        self, carts: CartRepository, client: redis.asyncio.Redis, *, prefix: str = "cart", metrics: Metrics | None = None
    ) -> None:
        self._carts = carts
        self._client = client
        self._prefix = prefix
        self._script = client.register_script(KEEP)
        self._breaker = CircuitBreaker(SUBJECT)
        self._not_told: Memory[bool] = Memory()
        self._asked = (metrics or Metrics()).counter("shop_cart_cache_total", "Carts asked for in Redis, by outcome.", "outcome")

    async def find(self, owner: str, *, fresh: bool) -> Cart:
        """Return the owner's cart."""
        cached = None if fresh or self._not_told.get(owner) else await self._cached(owner)
        if cached is not None:
            return cached
        cart = await self._carts.find(owner, fresh=True)
        await self._keep(cart)
        return cart

    async def save(self, *carts: Cart) -> Sequence[Cart]:
        """Write carts, all or none. Raises Stale."""
        try:
            saved = await self._carts.save(*carts)
        except BaseException:  # it may be written all the same: an answer was lost, or whoever asked has gone
            for cart in carts:
                self._not_told.keep(cart.owner, True)
            raise
        for cart in saved:
            await self._keep(cart)
        return saved

    async def _cached(self, owner: str) -> Cart | None:
        async def ask() -> bytes | str | None:
            return await self._client.hget(self._key(owner), "cart")

        try:
            found = await self._in_redis(ask)
        except Unavailable as away:
            self._asked.add("away")
            _log.info("a cart is read from its table", extra={"reason": away.reason})
            return None
        self._asked.add("hit" if found else "miss")
        return _DECODER.decode(found) if found else None

    async def _keep(self, cart: Cart) -> None:
        async def tell() -> None:
            await self._script(keys=[self._key(cart.owner)], args=[cart.version, msgspec.json.encode(cart), CACHED_SECONDS])

        try:
            await self._in_redis(tell)
        except Unavailable as away:
            self._not_told.keep(cart.owner, True)
            _log.info("a cart is not cached", extra={"reason": away.reason})
        else:
            self._not_told.forget(cart.owner)

    async def _in_redis(self, work: Callable[[], Awaitable[T]]) -> T:
        async def attempt() -> T:
            with in_kit_errors():
                return await work()

        return await self._breaker.call(attempt)

    def _key(self, owner: str) -> str:
        return f"{self._prefix}:{owner}"
