"""How stock is set over HTTP: never by a request that comes again, too late, or after units were sold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.testing.clock import HandClock
from shop_kit.testing.idempotency import InMemoryKeys
from shop_services.inventory.adapters.in_memory import InMemoryReservationRepository, InMemoryStockRepository, InventoryTables
from shop_services.inventory.adapters.rest import InventoryApi
from shop_services.inventory.domain.stock import Movement

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()


@dataclass
class Inventory:
    """Inventory in process, as staff see it."""

    tables: InventoryTables
    keys: InMemoryKeys
    http: httpx.AsyncClient

    async def put(self, sku: str, stocked: int, *, revision: int = 0) -> httpx.Response:
        return await self.http.put(f"/v1/stock-items/{sku}", json={"stocked": stocked, "revision": revision})

    async def import_all(self, *items: dict[str, Any], key: str = "k-1") -> httpx.Response:
        return await self.http.post("/v1/stock-imports", json={"items": items}, headers={"idempotency-key": key})

    def sell(self, sku: str, units: int) -> None:
        self.tables.stock[sku] = Movement(free=-units, sold=units).applied_to(self.tables.stock[sku])

    def counts(self, sku: str) -> tuple[int, int, int]:
        item = self.tables.stock[sku]
        return item.free, item.sold, item.revision


@pytest.fixture
async def inventory() -> AsyncIterator[Inventory]:
    tables, keys = InventoryTables(), InMemoryKeys()
    stock = InMemoryStockRepository(tables, HandClock())
    app = create_app(
        InventoryApi(stock, InMemoryReservationRepository(tables, stock), keys).routes(),
        readiness={},
        tracer=trace.get_tracer("test"),
        metrics=Metrics(),
        tokens=TokenVerifier(StaticKeys(KEY.public_key()), issuer="edge", audience="services"),
    )
    token = TokenSigner(KEY, "edge").sign("staff", audience="services", scopes=["stock:write"], lifetime_seconds=600)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inventory", headers=headers) as http:
        yield Inventory(tables, keys, http)


async def test_a_setting_that_comes_again_after_units_were_sold_makes_none_anew(inventory: Inventory) -> None:
    first = await inventory.put("mug", 10)
    inventory.sell("mug", 10)

    again = await inventory.put("mug", 10)

    assert (first.status_code, again.status_code) == (200, 200)
    assert inventory.counts("mug") == (0, 10, 1)
    assert (again.json()["stocked"], again.json()["free"]) == (10, 0)


async def test_an_import_that_comes_again_under_a_key_that_was_forgotten_makes_none_anew(inventory: Inventory) -> None:
    await inventory.import_all({"sku": "mug", "stocked": 10})
    inventory.sell("mug", 10)
    inventory.keys.answered.clear()

    again = await inventory.import_all({"sku": "mug", "stocked": 10})

    assert again.json() == {"imported": 1, "refused": []}
    assert inventory.counts("mug") == (0, 10, 1)


async def test_a_setting_that_a_later_one_overtook_is_refused(inventory: Inventory) -> None:
    await inventory.put("mug", 10)
    await inventory.put("mug", 4, revision=1)

    late = await inventory.put("mug", 10)

    assert (late.status_code, late.json()["type"]) == (409, "/problems/stale-revision")
    assert inventory.counts("mug") == (4, 0, 2)


async def test_units_that_were_sold_cannot_be_taken_out(inventory: Inventory) -> None:
    await inventory.put("mug", 10)
    inventory.sell("mug", 8)

    answer = await inventory.put("mug", 7, revision=1)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-few-units")
    assert inventory.counts("mug") == (2, 8, 1)


async def test_an_import_names_what_it_did_not_set_and_sets_the_rest(inventory: Inventory) -> None:
    await inventory.put("mug", 10)
    inventory.tables.stock["mug"] = replace(inventory.tables.stock["mug"], revision=3)

    answer = await inventory.import_all({"sku": "mug", "stocked": 20, "revision": 2}, {"sku": "pot", "stocked": 5})

    assert answer.json() == {"imported": 1, "refused": [{"sku": "mug", "reason": "stale-revision", "revision": 3}]}
    assert (inventory.counts("mug"), inventory.counts("pot")) == ((10, 0, 3), (5, 0, 1))


async def test_of_two_settings_from_one_view_one_is_refused(inventory: Inventory) -> None:
    await inventory.put("mug", 10)

    answers = await asyncio.gather(inventory.put("mug", 12, revision=1), inventory.put("mug", 15, revision=1))

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_names_and_prices_are_not_inventorys_and_are_refused_where_they_stand(inventory: Inventory) -> None:
    price = {"currency": "EUR", "minorUnits": 1}

    answers = [
        await inventory.http.put("/v1/stock-items/mug", json={"stocked": 1, name: value})
        for name, value in (("name", "Mug"), ("unitPrice", price))
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


@pytest.mark.parametrize(("stocked", "level"), [(6, "in-stock"), (5, "low"), (1, "low"), (0, "out-of-stock")])
async def test_the_level_says_how_much_there_is(inventory: Inventory, stocked: int, level: str) -> None:
    assert (await inventory.put("mug", stocked)).json()["level"] == level


async def test_a_cursor_leads_through_all_articles_and_a_made_up_one_nowhere(inventory: Inventory) -> None:
    for number in range(5):
        await inventory.put(f"sku{number}", number)
    seen, cursor = [], ""
    while True:
        page = (await inventory.http.get(f"/v1/stock-items?limit=2{cursor}")).json()
        seen += [item["sku"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"

    assert sorted(seen) == [f"sku{number}" for number in range(5)]
    assert {(await inventory.http.get(f"/v1/stock-items?cursor={made_up}")).status_code for made_up in ("e30", "mug", "W10")} == {
        400
    }
