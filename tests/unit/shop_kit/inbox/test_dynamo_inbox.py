from __future__ import annotations

from shop_kit.inbox import REMEMBER_DAYS
from shop_kit.inbox.dynamo import mark

NOW = 1_800_000_000.9


def test_a_message_is_remembered_for_longer_than_it_can_come_again() -> None:
    put = mark("table", "orders/m-1", now=NOW)

    assert put.item == {"pk": "inbox#orders/m-1", "sk": "inbox", "expires_at": 1_800_000_000 + REMEMBER_DAYS * 86_400}
    assert put.condition == "attribute_not_exists(pk)"
