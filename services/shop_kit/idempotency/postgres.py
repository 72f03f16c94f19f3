"""Idempotency keys in PostgreSQL: claimed in the statement of the effect, together with the answer. No key is ever in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shop_kit.idempotency.claims import LIFETIME_SECONDS, Answer, Claim, KeyReused

if TYPE_CHECKING:
    from shop_kit.postgres import Connection

SELECT_KEPT = """
SELECT fingerprint, status, body, headers FROM idempotency
WHERE scope = $1 AND key = $2 AND created_at >= now() - make_interval(secs => $3)
"""


def claiming(*, first: int, provided: str | None = None) -> str:
    """Return SQL that claims a key and keeps its answer, bound to the six parameters of `columns` from `$first` on.

    For the WITH of the statement that has the effect. It gives one row when the key is the caller's, none when it was claimed
    before: then nothing else of the statement may happen, and `find` has the answer that was given. A twin that comes at the same
    time waits here until the first has ended. With `provided`, the name of a part of that WITH, the key is claimed when that one
    has given its row and there is a key to claim at all (the parameters may be null).
    """
    values = ", ".join(f"${first + place}{kind}" for place, kind in enumerate(_TYPES))
    source = f"SELECT {values} FROM {provided} WHERE ${first}::text IS NOT NULL" if provided else f"VALUES ({values})"  # noqa: S608  # nosec B608 # as below
    # One that has expired is taken over as if it were not there.
    return f"""
    INSERT INTO idempotency AS known (scope, key, fingerprint, status, body, headers) {source}
    ON CONFLICT (scope, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, headers = excluded.headers,
        created_at = now()
    WHERE known.created_at < now() - make_interval(secs => {LIFETIME_SECONDS})
    RETURNING key
    """  # noqa: S608  # nosec B608 # only numbers of parameters, the name of a part and a constant are put in


_TYPES = ("::text", "::text", "::text", "::integer", "::bytea", "::text")


def columns(claim: Claim, answer: Answer) -> tuple[object, ...]:
    """Return the six parameters of `claiming`."""
    headers = msgspec.json.encode(dict(answer.headers)).decode()
    return (claim.scope, claim.key, claim.fingerprint, answer.status, answer.body, headers)


async def find(connection: Connection, claim: Claim) -> Answer | None:
    """Return the answer that was given under this key, if any. Raises KeyReused when it came with another request."""
    row = await connection.fetchrow(SELECT_KEPT, claim.scope, claim.key, LIFETIME_SECONDS)
    if row is None:
        return None
    if row["fingerprint"] != claim.fingerprint:
        raise KeyReused(claim)
    return Answer(row["status"], row["body"], msgspec.json.decode(row["headers"], type=dict[str, str]))


async def forget_old(connection: Connection) -> None:
    """Remove expired keys."""
    await connection.execute("DELETE FROM idempotency WHERE created_at < now() - make_interval(secs => $1)", LIFETIME_SECONDS)
