"""The provider's ledger in Redis, so that a restart of the stand-in forgets no money.

A provider's books are none of the shop's stores: what happens to the shop's tables does not happen to them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import redis.asyncio
from shop_kit.aggregates import Memory
from shop_kit.redis import check, connect, in_kit_errors

from shop_services.psp.domain.charge import Charge

ANSWER_SECONDS = 2.0
_DECODER = msgspec.json.Decoder(Charge)


class RedisLedger:
    """The Ledger: a key for each charge, and a set of charges for each reference. Only this process writes it, so what it remembers
    is true.
    """

    def __init__(self, client: redis.asyncio.Redis, *, prefix: str = "psp") -> None:
        self._client = client
        self._prefix = prefix
        self._known: Memory[Charge] = Memory()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, prefix: str = "psp") -> AsyncIterator[RedisLedger]:
        """Give a ledger with connections of its own for the block. Its methods raise Unavailable while Redis is away."""
        async with connect(url, name=prefix, answer_seconds=ANSWER_SECONDS) as client:
            yield cls(client, prefix=prefix)

    async def check(self) -> None:
        """Return when Redis answers. Raises Unavailable."""
        await check(self._client)

    async def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        known = self._known.get(charge_id)
        if known is not None:
            return known
        with in_kit_errors():
            found = await self._client.get(self._charge_key(charge_id))
        return _DECODER.decode(found) if found else None

    async def of_reference(self, reference: str) -> Sequence[Charge]:
        """Return the charges made for something of the merchant's, in the order of their ids."""
        with in_kit_errors():
            ids = sorted(await self._client.smembers(self._reference_key(reference)))
            found = await self._client.mget([self._charge_key(one) for one in ids]) if ids else []
        charges = [_DECODER.decode(one) for one in found if one]
        return [one for one in charges if one.reference == reference]  # one that was asked for twice kept its first

    async def add(self, charge: Charge) -> Charge:
        """Keep a new charge, or return the one that is there already."""
        key = self._charge_key(charge.id)
        with in_kit_errors():
            async with self._client.pipeline(transaction=True) as transaction:
                transaction.set(key, msgspec.json.encode(charge), nx=True)
                transaction.sadd(self._reference_key(charge.reference), charge.id)
                transaction.get(key)
                is_new, _, kept = await transaction.execute()
        if not is_new:
            return _DECODER.decode(kept)
        self._known.keep(charge.id, charge)
        return charge

    async def put(self, charge: Charge) -> None:
        """Keep a charge as it is now."""
        self._known.forget(charge.id)
        with in_kit_errors():
            await self._client.set(self._charge_key(charge.id), msgspec.json.encode(charge))
        self._known.keep(charge.id, charge)

    def _charge_key(self, charge_id: str | bytes) -> str:
        return f"{self._prefix}:charge:{charge_id if isinstance(charge_id, str) else charge_id.decode()}"

    def _reference_key(self, reference: str) -> str:
        return f"{self._prefix}:reference:{reference}"
