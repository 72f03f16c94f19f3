"""The catalog as staff and visitors see it, over tables in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from opentelemetry import trace
from shop_contracts.proto.catalog.v1.categories_pb2 import CategoryEvent
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.testing.clock import HandClock
from shop_kit.testing.event_log import received
from shop_kit.testing.idempotency import InMemoryKeys
from shop_services.catalog.adapters.category_rest import CategoriesApi
from shop_services.catalog.adapters.in_memory import (
    CatalogTables,
    InMemoryCategoryRepository,
    InMemoryMediaStore,
    InMemoryProductRepository,
)
from shop_services.catalog.adapters.rest import ProductsApi
from shop_services.catalog.application.editing import Editing

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.generate()
KITCHEN, CUPS = "cat_00000000000000000000000001", "cat_00000000000000000000000002"
CUP, MUG = "prd_00000000000000000000000001", "prd_00000000000000000000000002"
NEW = {"if-none-match": "*"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
BODY: dict[str, Any] = {
    "title": {"en": "Espresso cup"},
    "categoryIds": [CUPS],
    "options": [{"name": "colour", "values": ["white", "sand"]}],
    "variants": [{"sku": "CUP-1", "options": {"colour": "white"}}],
}


@dataclass
class Catalog:
    """The catalog in process: `staff` may write, `visitor` may not."""

    tables: CatalogTables
    staff: httpx.AsyncClient
    visitor: httpx.AsyncClient
    keys: InMemoryKeys
    numbers: Any = field(default_factory=count)

    def key(self) -> dict[str, str]:
        return {"idempotency-key": f"k-{next(self.numbers)}"}

    async def put(self, product_id: str = CUP, *, seen: str | None = None, **changes: Any) -> httpx.Response:
        headers = {"if-match": seen} if seen else NEW
        return await self.staff.put(f"/v1/products/{product_id}", json={**BODY, **changes}, headers=headers)

    async def publish(self, product_id: str = CUP) -> httpx.Response:
        return await self.staff.put(f"/v1/products/{product_id}/publication")

    async def category(self, category_id: str, parent_id: str | None = None, *, seen: str | None = None) -> httpx.Response:
        headers = {"if-match": seen} if seen else NEW
        body = {"names": {"en": "Somewhere"}, "parentId": parent_id}
        return await self.staff.put(f"/v1/categories/{category_id}", json=body, headers=headers)

    async def bring(self, *lines: Any) -> dict[str, Any]:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        headers = {**self.key(), "content-type": "application/x-ndjson"}
        answer = await self.staff.post("/v1/product-imports", content="\n".join(texts), headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def told(self, product_id: str = CUP) -> list[str | None]:
        return [received(one, ProductEvent).event.WhichOneof("kind") for one in self.tables.log.of_key(product_id)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    tables, clock, keys = CatalogTables(), HandClock(), InMemoryKeys()
    categories = InMemoryCategoryRepository(tables, clock)
    products = ProductsApi(Editing(InMemoryProductRepository(tables, clock), categories), InMemoryMediaStore(tables, clock), keys)
    app = create_app(
        [*products.routes(), *CategoriesApi(categories, keys).routes()],
        readiness={},
        tracer=trace.get_tracer("test"),
        metrics=Metrics(),
        tokens=TokenVerifier(StaticKeys(KEY.public_key()), issuer="edge", audience="services"),
    )
    signer = TokenSigner(KEY, "edge")
    staff, visitor = (
        {"authorization": f"Bearer {signer.sign('somebody', audience='services', scopes=scopes, lifetime_seconds=600)}"}
        for scopes in (["catalog:write"], [])
    )
    transport = httpx.ASGITransport(app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://catalog", headers=staff) as as_staff,
        httpx.AsyncClient(transport=transport, base_url="http://catalog", headers=visitor) as as_visitor,
    ):
        found = Catalog(tables, as_staff, as_visitor, keys)
        await found.category(KITCHEN)
        await found.category(CUPS, KITCHEN)
        yield found


def fields(answer: httpx.Response) -> set[str]:
    return {fault["field"] for fault in answer.json()["errors"]}


async def test_visitors_see_a_product_from_when_it_is_published_until_it_is_withdrawn(catalog: Catalog) -> None:
    async def seen() -> tuple[int, int, int]:
        one = await catalog.visitor.get(f"/v1/products/{CUP}")
        here = await catalog.visitor.get(f"/v1/categories/{CUPS}/products")
        everywhere = await catalog.visitor.get("/v1/products")
        return one.status_code, len(here.json()["items"]), len(everywhere.json()["items"])

    await catalog.put()
    assert await seen() == (404, 0, 0)
    await catalog.publish()
    assert await seen() == (200, 1, 1)
    await catalog.staff.delete(f"/v1/products/{CUP}/publication")
    assert await seen() == (404, 0, 0)
    assert (await catalog.staff.get(f"/v1/products/{CUP}")).json()["status"] == "withdrawn"


@pytest.mark.parametrize("category", ["cat_00000000000000000000000009", "nowhere", "%00"])
async def test_what_stands_in_no_category_of_the_shop_is_not_there(catalog: Catalog, category: str) -> None:
    answer = await catalog.visitor.get(f"/v1/categories/{category}/products")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/category-not-found")


async def test_each_change_that_visitors_see_is_told_of_once(catalog: Catalog) -> None:
    first = await catalog.put()
    again = await catalog.put(seen=first.headers["etag"])
    await catalog.publish()
    await catalog.publish()
    await catalog.put(seen='"2"', brand="Fjord")
    await catalog.staff.delete(f"/v1/products/{CUP}/publication")

    assert again.headers["etag"] == first.headers["etag"] == '"1"'
    assert catalog.told() == ["product_published", "product_changed", "product_withdrawn"]


async def test_of_two_who_change_the_same_the_second_is_refused(catalog: Catalog) -> None:
    await catalog.put()

    first = await catalog.put(seen='"1"', brand="Fjord")
    second = await catalog.put(seen='"1"', brand="Orchard")

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["type"] == "/problems/stale-etag"
    assert second.headers["etag"] == first.headers["etag"]
    assert (await catalog.staff.get(f"/v1/products/{CUP}")).json()["brand"] == "Fjord"


async def test_a_change_says_what_it_has_seen(catalog: Catalog) -> None:
    nothing_said = await catalog.staff.put(f"/v1/products/{CUP}", json=BODY)
    not_there = await catalog.put(seen='"1"')
    await catalog.put()
    there = await catalog.put()

    assert [answer.status_code for answer in (nothing_said, not_there, there)] == [428, 412, 412]


async def test_a_product_is_made_once_however_often_it_is_asked_for(catalog: Catalog) -> None:
    key = catalog.key()
    first = await catalog.staff.post("/v1/products", json=BODY, headers=key)
    again = await catalog.staff.post("/v1/products", json=BODY, headers=key)
    other = await catalog.staff.post("/v1/products", json={**BODY, "brand": "Fjord"}, headers=key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    assert first.headers["location"] == f"/v1/products/{first.json()['id']}"


async def test_who_died_before_the_answer_was_kept_makes_no_second_product(catalog: Catalog) -> None:
    key = catalog.key()
    first = (await catalog.staff.post("/v1/products", json=BODY, headers=key)).json()
    await catalog.put(first["id"], seen='"1"', brand="Fjord")
    catalog.keys.answered.clear()

    again = await catalog.staff.post("/v1/products", json=BODY, headers=key)

    assert (again.json()["id"], again.json()["brand"]) == (first["id"], "Fjord")
    assert len(catalog.tables.products) == 1


async def test_an_article_belongs_to_one_product(catalog: Catalog) -> None:
    await catalog.put(CUP)
    taken = await catalog.put(MUG)

    assert taken.status_code == 422
    assert fields(taken) == {"$.variants[0].sku"}


async def test_a_product_stands_in_categories_that_are_there(catalog: Catalog) -> None:
    answer = await catalog.put(categoryIds=[CUPS, "cat_00000000000000000000000009"])

    assert (answer.status_code, fields(answer)) == (422, {"$.categoryIds[1]"})


async def test_all_that_is_wrong_with_a_body_is_named(catalog: Catalog) -> None:
    answer = await catalog.put(title={}, brand=5, variants=[{"sku": "no sku"}], colour="white")

    assert fields(answer) == {"$.title", "$.brand", "$.variants[0].sku", "$.colour"}


async def test_a_product_that_cannot_be_sold_is_not_published(catalog: Catalog) -> None:
    await catalog.put(variants=[], categoryIds=[])

    answer = await catalog.publish()

    assert (answer.status_code, fields(answer)) == (422, {"$.variants", "$.categoryIds"})
    assert catalog.told() == []


async def test_a_picture_is_shown_once_it_was_looked_at(catalog: Catalog) -> None:
    await catalog.put()
    wish = {"contentType": "image/png", "size": len(PNG)}
    invited = await catalog.staff.post(f"/v1/products/{CUP}/uploads", json=wish, headers=catalog.key())
    place = invited.headers["location"]
    early = await catalog.staff.put(place)
    catalog.tables.uploads[CUP, invited.json()["id"]] = ("image/png", PNG)

    attached = await catalog.staff.put(place)
    shown = await catalog.visitor.get(attached.json()["media"][0]["url"])

    assert (early.status_code, attached.status_code, shown.status_code) == (409, 200, 307)
    assert attached.json()["media"] == [{"id": invited.json()["id"], "url": place, "contentType": "image/png", "size": len(PNG)}]
    assert (await catalog.staff.put(place)).headers["etag"] == attached.headers["etag"]
    assert (await catalog.staff.delete(place)).json()["media"] == []
    assert (await catalog.visitor.get(place)).status_code == 404


async def test_a_program_that_calls_itself_a_picture_is_refused(catalog: Catalog) -> None:
    await catalog.put()
    wish = {"contentType": "image/png", "size": 100}
    place = (await catalog.staff.post(f"/v1/products/{CUP}/uploads", json=wish, headers=catalog.key())).headers["location"]
    catalog.tables.uploads[CUP, place.rpartition("/")[2]] = ("image/png", b"<script>alert(1)</script>" + bytes(75))

    answer = await catalog.staff.put(place)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/picture-refused")
    assert (await catalog.staff.get(f"/v1/products/{CUP}")).json()["media"] == []


@pytest.mark.parametrize("wish", [{"contentType": "text/html", "size": 5}, {"contentType": "image/png", "size": 11_000_000}])
async def test_no_place_is_given_for_what_is_too_large_or_no_picture(catalog: Catalog, wish: dict[str, Any]) -> None:
    await catalog.put()

    answer = await catalog.staff.post(f"/v1/products/{CUP}/uploads", json=wish, headers=catalog.key())

    assert answer.status_code == 422


async def test_a_line_that_is_wrong_holds_up_no_other(catalog: Catalog) -> None:
    good = {"id": CUP, "status": "published", **BODY}

    report = await catalog.bring(good, "no json", {"id": MUG}, {**good, "id": MUG}, good)

    assert report["imported"] == 1
    assert [(one["line"], [fault["field"] for fault in one["errors"]]) for one in report["refused"]] == [
        (2, ["$"]),
        (3, ["$.title"]),
        (4, ["$.variants[0].sku"]),
        (5, ["$.id"]),
    ]
    assert catalog.told() == ["product_published"]


async def test_what_was_exported_is_taken_back_and_changes_nothing_until_it_is_edited(catalog: Catalog) -> None:
    await catalog.bring({"id": CUP, "status": "published", **BODY})
    lines = (await catalog.staff.get("/v1/product-exports", headers={"accept": "application/x-ndjson"})).text.splitlines()
    line = json.loads(lines[0])

    unchanged = await catalog.bring(line)
    edited = await catalog.bring({**line, "brand": "Fjord"})
    late = await catalog.bring({**line, "brand": "Orchard"})

    assert (unchanged["imported"], edited["imported"], late["imported"]) == (1, 1, 0)
    assert late["refused"] == [{"line": 1, "id": CUP, "revision": 2, "errors": [{"field": "$.revision", "message": "is 2 by now"}]}]
    assert catalog.told() == ["product_published", "product_changed"]


async def test_an_export_has_every_product_once_over_its_pages(catalog: Catalog) -> None:
    ids = [f"prd_000000000000000000000000{number:02d}" for number in range(7)]
    lines = [{"id": one, **BODY, "variants": [{"sku": one, "options": {"colour": "sand"}}]} for one in ids]
    assert (await catalog.bring(*lines))["imported"] == 7

    found: list[str] = []
    following: str | None = "/v1/product-exports?limit=3"
    while following:
        page = await catalog.staff.get(following, headers={"accept": "application/x-ndjson"})
        found += [json.loads(line)["id"] for line in page.text.splitlines()]
        following = page.links.get("next", {}).get("url")

    assert sorted(found) == ids


@pytest.mark.parametrize(
    "content, kind, status",
    [
        ("", "application/x-ndjson", 422),
        ("{}\n" * 201, "application/x-ndjson", 422),
        ('{"items": []}', "application/json", 422),
        ("[", "application/json", 400),
        ("{}", "text/csv", 415),
    ],
)
async def test_an_import_without_lines_is_refused_as_a_whole(catalog: Catalog, content: str, kind: str, status: int) -> None:
    headers = {**catalog.key(), "content-type": kind}

    assert (await catalog.staff.post("/v1/product-imports", content=content, headers=headers)).status_code == status


async def test_a_category_that_moves_takes_along_what_is_below_it_and_each_is_told_of(catalog: Catalog) -> None:
    attic, shelf = "cat_00000000000000000000000003", "cat_00000000000000000000000004"
    await catalog.category(attic)
    await catalog.category(shelf, CUPS)
    seen = (await catalog.visitor.get(f"/v1/categories/{CUPS}")).headers["etag"]

    moved = await catalog.category(CUPS, attic, seen=seen)

    assert moved.json()["path"] == [attic, CUPS]
    assert (await catalog.visitor.get(f"/v1/categories/{shelf}")).json()["path"] == [attic, CUPS, shelf]
    last = [received(catalog.tables.log.of_key(one)[-1], CategoryEvent).event for one in (CUPS, shelf)]
    assert [[*event.category_changed.category.path] for event in last] == [[attic, CUPS], [attic, CUPS, shelf]]


async def test_a_category_never_moves_below_itself(catalog: Catalog) -> None:
    seen = (await catalog.visitor.get(f"/v1/categories/{KITCHEN}")).headers["etag"]

    answer = await catalog.category(KITCHEN, CUPS, seen=seen)

    assert (answer.status_code, fields(answer)) == (422, {"$.parentId"})


async def test_of_two_who_change_a_category_the_second_is_refused(catalog: Catalog) -> None:
    seen = (await catalog.visitor.get(f"/v1/categories/{CUPS}")).headers["etag"]

    first, second = await catalog.category(CUPS, None, seen=seen), await catalog.category(CUPS, KITCHEN, seen=seen)

    assert (first.status_code, second.status_code) == (200, 412)


async def test_a_category_in_use_stays(catalog: Catalog) -> None:
    await catalog.put()

    async def removed(category_id: str) -> int:
        seen = (await catalog.visitor.get(f"/v1/categories/{category_id}")).headers["etag"]
        return (await catalog.staff.delete(f"/v1/categories/{category_id}", headers={"if-match": seen})).status_code

    assert (await removed(KITCHEN), await removed(CUPS)) == (409, 409)
    await catalog.put(seen='"1"', categoryIds=[])
    assert (await removed(CUPS), await removed(KITCHEN)) == (204, 204)
    assert received(catalog.tables.log.of_key(CUPS)[-1], CategoryEvent).event.WhichOneof("kind") == "category_removed"


async def test_categories_are_listed_page_by_page_and_by_parent(catalog: Catalog) -> None:
    first = (await catalog.visitor.get("/v1/categories", params={"limit": 1})).json()
    second = (await catalog.visitor.get("/v1/categories", params={"limit": 1, "cursor": first["nextCursor"]})).json()
    below = (await catalog.visitor.get("/v1/categories", params={"parentId": KITCHEN})).json()

    assert [one["id"] for page in (first, second, below) for one in page["items"]] == [KITCHEN, CUPS, CUPS]
    assert second["nextCursor"] is None


@pytest.mark.parametrize(
    "path", [f"/v1/categories/{CUPS}/products?cursor=abc", "/v1/products?cursor=eyJpZCI6ImEifQ", "/v1/categories?cursor=bm8"]
)
async def test_a_cursor_that_no_list_gave_is_refused(catalog: Catalog, path: str) -> None:
    assert (await catalog.visitor.get(path)).status_code == 400


async def test_visitors_change_nothing(catalog: Catalog) -> None:
    answer = await catalog.visitor.put(f"/v1/products/{CUP}", json=BODY, headers=NEW)

    assert (answer.status_code, catalog.tables.products) == (403, {})
