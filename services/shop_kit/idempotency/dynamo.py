"""Idempotency keys in DynamoDB: claimed before the effect, completed in its transaction.

A claim is a lease: when the process dies between claim and effect, the same request may take the key over once the lease has
run out.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from shop_kit.aws.dynamo import ConditionFailed, Delete, Dynamo, Put
from shop_kit.clock import Clock, SystemClock
from shop_kit.idempotency.claims import LEASE_SECONDS, LIFETIME_SECONDS, Answer, Claim, InProgress, KeyReused, KeyState


class DynamoIdempotency:
    """Keys in the service's own table."""

    def __init__(self, dynamo: Dynamo, table: str, clock: Clock | None = None) -> None:
        self._dynamo = dynamo
        self._table = table
        self._clock = clock or SystemClock()

    async def begin(self, claim: Claim) -> Answer | None:
        """The stored answer, or None: the key is the caller's until `completion` is written, `abandon` called or the lease over.

        Raises KeyReused when the key came with another request, InProgress while a twin is at work.
        """
        now = self._clock.now()
        put = Put(
            self._table,
            {
                **_key(claim),
                "state": KeyState.IN_PROGRESS.value,
                "fingerprint": claim.fingerprint,
                "lease_until": int(now + LEASE_SECONDS),
                "expires_at": int(now + LIFETIME_SECONDS),
            },
            # TTL removes items late (up to days), so what has expired is judged here.
            condition="attribute_not_exists(pk) OR expires_at < :now"
            " OR (#state = :in_progress AND lease_until < :now AND fingerprint = :fingerprint)",
            names={"#state": "state"},
            values={":now": int(now), ":in_progress": KeyState.IN_PROGRESS.value, ":fingerprint": claim.fingerprint},
        )
        try:
            await self._dynamo.write(put)
        except ConditionFailed as error:
            return _settled(claim, error.item)
        return None

    def completion(self, claim: Claim, answer: Answer) -> Put:
        """Return the part of the effect's transaction that stores the answer."""
        return Put(
            self._table,
            {
                **_key(claim),
                "state": KeyState.COMPLETED.value,
                "fingerprint": claim.fingerprint,
                "status": answer.status,
                "body": answer.body,
                "headers": msgspec.json.encode(dict(answer.headers)).decode(),
                "expires_at": int(self._clock.now() + LIFETIME_SECONDS),
            },
            # A request that lost its lease must not overwrite the answer of the one that took over.
            condition="attribute_not_exists(#state) OR #state = :in_progress",
            names={"#state": "state"},
            values={":in_progress": KeyState.IN_PROGRESS.value},
        )

    async def complete(self, claim: Claim, answer: Answer) -> None:
        """Store the answer by itself, where the effect needs no transaction. A completed key stays as it is."""
        with suppress(ConditionFailed):
            await self._dynamo.write(self.completion(claim, answer))

    async def abandon(self, claim: Claim) -> None:
        """Give the key back: the request had no effect and may be sent again."""
        await self._dynamo.write(Delete(self._table, _key(claim)))


def _key(claim: Claim) -> dict[str, str]:
    return {"pk": f"idempotency#{claim.scope}#{claim.key}", "sk": "idempotency"}


def _settled(claim: Claim, item: dict[str, Any] | None) -> Answer:
    if item is None:
        raise InProgress(claim)
    if item["fingerprint"] != claim.fingerprint:
        raise KeyReused(claim)
    if item["state"] == KeyState.IN_PROGRESS.value:
        raise InProgress(claim)
    return Answer(item["status"], item["body"], msgspec.json.decode(item["headers"], type=dict[str, str]))
