"""Idempotency keys in DynamoDB: a lease that is claimed before the effect and ends with the stored answer.

Each claim carries a fencing token, and who holds the lease is told by it: a request that lost its lease to another one neither
overwrites that one's answer nor gives its key away. A key that cannot be given back at once, since the table is away, is given back
in the background, until its lease would have ended.

A request whose whole effect can be written with its answer needs no lease: `keep` writes both in one transaction.
https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from shop_kit.aws.dynamo import ConditionFailed, Delete, Dynamo, Item, Put, TransactionCancelled, Write
from shop_kit.clock import Clock, SystemClock
from shop_kit.context import new_id
from shop_kit.errors import KitError, Transient
from shop_kit.idempotency.claims import (
    LEASE_SECONDS,
    LIFETIME_SECONDS,
    Answer,
    AnsweredBefore,
    Claim,
    InProgress,
    KeyReused,
    KeyState,
)
from shop_kit.parts import running
from shop_kit.resilience.retry import Retry

_log = logging.getLogger(__name__)
RELEASE_SECONDS = 1.0
"""How long a request that failed may wait for its key to be given back: after that it is given back without it."""
MOST_LATE = 1_000
"""Keys that wait to be given back. Those of what comes on top stay claimed until their leases end."""


@dataclass(frozen=True, slots=True)
class _Late:
    """A key that is to be given back, and until when that is worth trying (the loop's time)."""

    claim: Claim
    token: str
    until: float


class DynamoIdempotency:
    """Keys in the service's own table."""

    def __init__(self, dynamo: Dynamo, table: str, clock: Clock | None = None) -> None:
        self._dynamo = dynamo
        self._table = table
        self._clock = clock or SystemClock()
        self._late: asyncio.Queue[_Late] = asyncio.Queue(MOST_LATE)

    @classmethod
    @asynccontextmanager
    async def open(cls, dynamo: Dynamo, table: str, clock: Clock | None = None) -> AsyncIterator[DynamoIdempotency]:
        """Keep keys within the block, and give back in the background what could not be given back at once."""
        keys = cls(dynamo, table, clock)
        async with running(idempotency_keys=keys._release_late):
            yield keys

    async def once(self, claim: Claim, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Do `work` and keep its answer. When either fails, the key is given back: the request may be sent again at once.

        `work` must change nothing more when it is done a second time under the same claim (a refund's id follows from its key):
        a process may die behind the effect and before the answer is kept. Raises AnsweredBefore, KeyReused, InProgress.
        """
        token = new_id()
        try:
            await self._claim(claim, token)
            answer = await work()
            await self._complete(claim, token, answer)
        except (AnsweredBefore, KeyReused, InProgress):
            raise  # the key is another's
        except (Exception, asyncio.CancelledError):
            await self._release(claim, token)
            raise
        return answer

    async def keep(self, claim: Claim, answer: Answer, *, beside: Sequence[Write]) -> None:
        """Keep the answer to a request whose whole effect is `beside`: all of it is written, or nothing.

        Raises AnsweredBefore, KeyReused, InProgress; TransactionCancelled where a condition of `beside` does not hold (its parts
        count from 1 there); Conflict when contended.
        """
        token = new_id()
        try:
            await self._dynamo.transact([self._put_free(claim, _answered(claim, token, answer)), *beside])
        except TransactionCancelled as error:
            if 0 not in error.failed:
                raise
            item = error.failed[0]
            if item is None or item.get("token") != token:
                raise _settled(claim, item) from error

    async def find(self, claim: Claim) -> Answer | None:
        """Return what this very request was answered before, if it was. Raises KeyReused."""
        item = await self._dynamo.get(self._table, _key(claim))
        if item is None or item["expires_at"] < self._clock.now():
            return None
        if item["fingerprint"] != claim.fingerprint:
            raise KeyReused(claim)
        return _answer_in(item) if item["state"] == KeyState.COMPLETED.value else None

    async def _claim(self, claim: Claim, token: str) -> None:
        lease = {
            "state": KeyState.IN_PROGRESS.value,
            "fingerprint": claim.fingerprint,
            "token": token,
            "lease_until": int(self._clock.now() + LEASE_SECONDS),
        }
        try:
            await self._dynamo.write(self._put_free(claim, lease))
        except ConditionFailed as error:
            if error.item is None or error.item.get("token") != token:
                raise _settled(claim, error.item) from error
            # What stands there is this very claim: the client below wrote it, its answer was lost, and it was written again.

    def _put_free(self, claim: Claim, item: Item) -> Put:
        """Return what writes an item for a key that nobody holds."""
        return Put(
            self._table,
            self._item(claim, item),
            # TTL removes items late (up to days), so what has expired is judged here.
            condition="attribute_not_exists(pk) OR expires_at < :now"
            " OR (#state = :in_progress AND lease_until < :now AND fingerprint = :fingerprint)",
            names={"#state": "state"},
            values={
                ":now": int(self._clock.now()),
                ":in_progress": KeyState.IN_PROGRESS.value,
                ":fingerprint": claim.fingerprint,
            },
        )

    def _item(self, claim: Claim, item: Item) -> Item:
        return {**_key(claim), **item, "expires_at": int(self._clock.now() + LIFETIME_SECONDS)}

    async def _complete(self, claim: Claim, token: str, answer: Answer) -> None:
        put = Put(
            self._table,
            self._item(claim, _answered(claim, token, answer)),
            condition="#token = :token",
            names={"#token": "token"},
            values={":token": token},
        )
        with suppress(ConditionFailed):  # another request took the lease over: its answer to the same request stands
            await self._dynamo.write(put)

    async def _release(self, claim: Claim, token: str) -> None:
        """Give a key back, now or soon."""
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._delete(claim, token)
        except (Transient, TimeoutError):
            self._release_later(claim, token)
        except asyncio.CancelledError:
            self._release_later(claim, token)
            raise

    def _release_later(self, claim: Claim, token: str) -> None:
        try:
            self._late.put_nowait(_Late(claim, token, asyncio.get_running_loop().time() + LEASE_SECONDS))
        except asyncio.QueueFull:
            _log.warning("an idempotency key stays claimed until its lease ends", extra={"key": claim.key})

    async def _release_late(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            late = await self._late.get()
            waits = Retry.patient().delays()
            while clock() < late.until:
                try:
                    await self._delete(late.claim, late.token)
                    break
                except Transient:
                    await asyncio.sleep(next(waits))
                except KitError as error:  # no try will go better
                    _log.warning("an idempotency key is not given back", extra={"key": late.claim.key, "reason": str(error)})
                    break

    async def _delete(self, claim: Claim, token: str) -> None:
        delete = Delete(
            self._table,
            _key(claim),
            condition="#token = :token AND #state = :in_progress",
            names={"#token": "token", "#state": "state"},
            values={":token": token, ":in_progress": KeyState.IN_PROGRESS.value},
        )
        with suppress(ConditionFailed):  # it is not ours any more
            await self._dynamo.write(delete)


def _key(claim: Claim) -> dict[str, str]:
    return {"pk": f"idempotency#{claim.scope}#{claim.key}", "sk": "idempotency"}


def _answered(claim: Claim, token: str, answer: Answer) -> Item:
    return {
        "state": KeyState.COMPLETED.value,
        "fingerprint": claim.fingerprint,
        "token": token,
        "status": answer.status,
        "body": answer.body,
        "headers": msgspec.json.encode(dict(answer.headers)).decode(),
    }


def _answer_in(item: Mapping[str, Any]) -> Answer:
    return Answer(item["status"], item["body"], msgspec.json.decode(item["headers"], type=dict[str, str]))


def _settled(claim: Claim, item: Item | None) -> AnsweredBefore | KeyReused | InProgress:
    if item is None:
        return InProgress(claim)
    if item["fingerprint"] != claim.fingerprint:
        return KeyReused(claim)
    if item["state"] == KeyState.IN_PROGRESS.value:
        return InProgress(claim)
    return AnsweredBefore(_answer_in(item))
