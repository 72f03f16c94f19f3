"""Idempotency keys in PostgreSQL, in the transaction of the effect: a key is in progress exactly as long as that transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shop_kit.idempotency.claims import LIFETIME_SECONDS, Answer, Claim, InProgress, KeyReused

if TYPE_CHECKING:
    from shop_kit.postgres import Connection


# One that has expired is taken over as if it were not there.
_CLAIM = """
INSERT INTO idempotency AS known (scope, key, fingerprint) VALUES ($1, $2, $3)
ON CONFLICT (scope, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, headers = NULL, created_at = now()
WHERE known.created_at < now() - make_interval(secs => $4)
"""


async def begin(connection: Connection, claim: Claim) -> Answer | None:
    """The stored answer, or None: then the key is the caller's until its transaction ends, and `complete` stores the answer in it.

    A concurrent twin waits here for the first one and gets its answer (or the key, when the first one failed).
    Raises KeyReused when the key came with another request.
    """
    written = await connection.execute(_CLAIM, claim.scope, claim.key, claim.fingerprint, LIFETIME_SECONDS)
    if written == "INSERT 0 1":
        return None
    row = await connection.fetchrow(
        "SELECT fingerprint, status, body, headers FROM idempotency WHERE scope = $1 AND key = $2", claim.scope, claim.key
    )
    if row is None or row["status"] is None:
        raise InProgress(claim)
    if row["fingerprint"] != claim.fingerprint:
        raise KeyReused(claim)
    return Answer(row["status"], row["body"], msgspec.json.decode(row["headers"], type=dict[str, str]))


async def complete(connection: Connection, claim: Claim, answer: Answer) -> None:
    """Store the answer with the effect."""
    await connection.execute(
        "UPDATE idempotency SET status = $3, body = $4, headers = $5 WHERE scope = $1 AND key = $2",
        claim.scope,
        claim.key,
        answer.status,
        answer.body,
        msgspec.json.encode(dict(answer.headers)).decode(),
    )


async def forget_old(connection: Connection) -> None:
    """Remove expired keys."""
    await connection.execute("DELETE FROM idempotency WHERE created_at < now() - make_interval(secs => $1)", LIFETIME_SECONDS)
