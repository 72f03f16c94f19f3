"""The inbox in DynamoDB: one small item a message in the service's own table, written in the transaction of the effect."""

from __future__ import annotations

from shop_kit.aws.dynamo import Put
from shop_kit.errors import KitError

REMEMBER_SECONDS = 14 * 24 * 3600
"""Twice the retention of the topics (7 days): what is older cannot be delivered again. DynamoDB's TTL removes it."""


class AlreadyHandled(KitError):
    """The message had its effect before: there is nothing left to do."""

    def __init__(self, message_id: str) -> None:
        super().__init__(f"message {message_id} was handled before")


def mark(table: str, message_id: str, *, now: float) -> Put:
    """Return the part of a transaction that remembers a message and fails when it is remembered already."""
    return Put(
        table,
        {"pk": f"inbox#{message_id}", "sk": "inbox", "expires_at": int(now) + REMEMBER_SECONDS},
        condition="attribute_not_exists(pk)",
    )
