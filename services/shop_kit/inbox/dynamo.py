"""The inbox in DynamoDB: one small item a message in the service's own table, written in the transaction of the effect."""

from __future__ import annotations

from shop_kit.aws.dynamo import Put
from shop_kit.inbox import REMEMBER_DAYS

REMEMBER_SECONDS = REMEMBER_DAYS * 24 * 3600
"""DynamoDB's TTL removes what is older."""


def mark(table: str, message: str, *, now: float) -> Put:
    """Return the part of a transaction that remembers the message with this identity and fails when it is remembered already."""
    return Put(
        table,
        {"pk": f"inbox#{message}", "sk": "inbox", "expires_at": int(now) + REMEMBER_SECONDS},
        condition="attribute_not_exists(pk)",
    )
