"""The inbox in DynamoDB: one small item a message in the service's own table, written in the transaction of the effect."""

from __future__ import annotations

from shop_kit.aws.dynamo import Put

REMEMBER_SECONDS = 14 * 24 * 3600
"""Twice the retention of the topics (7 days): what is older cannot be delivered again. DynamoDB's TTL removes it."""


def mark(table: str, message_id: str, *, now: float) -> Put:
    """Return the part of a transaction that remembers a message and fails when it is remembered already."""
    return Put(
        table,
        {"pk": f"inbox#{message_id}", "sk": "inbox", "expires_at": int(now) + REMEMBER_SECONDS},
        condition="attribute_not_exists(pk)",
    )
