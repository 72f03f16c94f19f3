"""`up --reset SERVICE`: empty stores for one service, as after a change of branches, and everybody else keeps theirs."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.shop import CommandFailed, Shop, until


def rows(shop: Shop) -> dict[str, int]:
    """Rows by service."""
    found: dict[str, int] = {}
    for one in shop.sandbox.cli("tables")["tables"]:
        if one["name"] != "schema_migrations":
            found[one["service"]] = found.get(one["service"], 0) + one["rows"]
    return found


@pytest.mark.parametrize("service", ["orders", "payments"])
def test_one_service_begins_anew_and_the_others_keep_what_they_have(shop: Shop, service: str) -> None:
    article = shop.new_article(stock=5)
    shop.outcome(shop.place((article, 1)))
    shop.until_all_is_consumed("orders", "payments", "inventory")
    before = rows(shop)

    started: dict[str, Any] = shop.sandbox.cli("up", "--reset", service)

    assert before[service] > 0
    assert rows(shop)[service] == 0
    assert rows(shop)["inventory"] >= before["inventory"]
    assert shop.stock(article) == (4, 0, 1)
    assert service in started["endpoints"]
    until("an order completes", lambda: shop.outcome(shop.place((article, 1)))["status"] == "completed")


@pytest.mark.parametrize(
    ("service", "told"),
    [("ordrs", "Did you mean orders?"), ("edge", "edge owns no database and no table"), ("kafka", "no service 'kafka'")],
)
def test_what_has_nothing_to_empty_is_refused_before_anything_is(shop: Shop, service: str, told: str) -> None:
    before = rows(shop)

    with pytest.raises(CommandFailed) as refusal:
        shop.sandbox.cli("up", "--reset", "orders", service)

    assert told in str(refusal.value)
    assert rows(shop)["orders"] == before["orders"]
