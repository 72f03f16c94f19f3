"""What is published is found, with its price and stock, and a read model that is built anew shows the same."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from e2e.assortment import NewProduct, Staff
from e2e.keyring import Keyring
from e2e.shop import Shop, until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def staff(shop: Shop) -> Staff:
    return Staff(shop, Keyring.of_sandbox(shop.environment).internal("staff", "catalog:write"))


def found(shop: Shop, **query: object) -> dict[str, Any]:
    answer = shop.http.get(f"{shop.endpoints['edge']}/v1/products", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    hits: dict[str, Any] = answer.json()
    return hits


def test_what_is_published_is_found_until_it_is_withdrawn(shop: Shop, staff: Staff) -> None:
    word = f"zq{uuid.uuid4().hex[:8]}"
    product = NewProduct.made(shop, staff.token, title=f"Folding {word} chairs")

    (hit,) = until("the product is found", lambda: found(shop, q=f"{word} chair")["items"])
    assert (hit["id"], hit["variants"][0]["sku"]) == (product.id, product.sku)
    assert found(shop, categoryId=product.category_id)["total"] == 1

    staff.ask("DELETE", f"/v1/products/{product.id}/publication")
    until("the product is found no more", lambda: found(shop, q=word)["total"] == 0)


def test_a_seeded_article_is_found_with_its_price_and_stock(shop: Shop) -> None:
    hits = until("all that was seeded is found", lambda: found(shop, q="trellis", sort="price") if _is_whole(shop) else None)

    assert hits["total"] > 5
    prices = [hit["priceFrom"]["minorUnits"] for hit in hits["items"]]
    assert prices == sorted(prices)
    assert {hit["availability"] for hit in hits["items"]} <= {"in-stock", "low"}
    assert {one["name"] for one in hits["facets"]["categories"]} == {"Outdoor", "Garden", "Trellises"}
    assert found(shop, q="Rankgitter", language="de")["total"] == hits["total"]


def test_what_somebody_begins_to_type_is_suggested(shop: Shop, staff: Staff) -> None:
    word = f"zq{uuid.uuid4().hex[:8]}"
    product = NewProduct.made(shop, staff.token, title=f"Folding {word} chairs")

    def suggested() -> list[dict[str, Any]]:
        answer = shop.http.get(f"{shop.endpoints['edge']}/v1/suggestions", params={"q": f"folding {word[:6]}"})
        return [one for one in answer.json()["items"] if one["id"] == product.id]

    (suggestion,) = until("it is suggested", suggested)
    assert (suggestion["kind"], suggestion["text"]) == ("product", f"Folding {word} chairs")


def test_a_read_model_that_is_built_anew_shows_the_same_and_answers_meanwhile(shop: Shop) -> None:
    until("all that was seeded is found", lambda: _is_whole(shop))
    before = found(shop, q="cup", sort="title")

    asked_at = datetime.now(UTC)
    (replayed,) = shop.sandbox.cli("replay", "search")["readModels"]

    after = found(shop, q="cup", sort="title")
    assert replayed["generation"] > 1
    assert datetime.fromisoformat(after["asOf"]) > asked_at, "its age is shown, and it has heard all that was told since"
    assert {name: after[name] for name in ("items", "total", "facets")} == {
        name: before[name] for name in ("items", "total", "facets")
    }


def _is_whole(shop: Shop) -> bool:
    """Whether prices and stock of everything that was seeded have arrived."""
    whole = found(shop, limit=1)["total"]
    return bool(whole >= 1000 and found(shop, limit=1, minPrice=1, inStock="true")["total"] >= 1000)
