"""A product's way into the shop: written, given a picture, published, told of on its topic, withdrawn."""

from __future__ import annotations

import httpx
import pytest
from confluent_kafka import Message
from e2e.assortment import NewProduct, Staff
from e2e.keyring import Keyring
from e2e.shop import Shop, until
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent
from shop_kit import wire

pytestmark = pytest.mark.e2e

PNG = b"\x89PNG\r\n\x1a\n" + bytes(500)


@pytest.fixture(scope="module")
def staff(shop: Shop) -> Staff:
    return Staff(shop, Keyring.of_sandbox(shop.environment).internal("staff", "catalog:write"))


def test_a_product_is_told_of_from_publication_to_withdrawal(shop: Shop, staff: Staff) -> None:
    product = NewProduct.made(shop, staff.token, title="Fjord espresso cup")
    wish = {"contentType": "image/png", "size": len(PNG)}
    upload = staff.post(f"/v1/products/{product.id}/uploads", wish).json()
    httpx.put(upload["url"], content=PNG, headers=upload["headers"]).raise_for_status()
    picture = staff.ask("PUT", f"/v1/products/{product.id}/media/{upload['id']}").json()["media"][0]
    shown = shop.http.get(shop.endpoints["catalog"] + picture["url"], follow_redirects=True)
    staff.ask("DELETE", f"/v1/products/{product.id}/publication")

    until("the withdrawal is told of", lambda: _kinds(shop, product.id)[-1:] == ["product_withdrawn"])

    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert _kinds(shop, product.id) == ["product_published", "product_changed", "product_withdrawn"]
    published, changed, _ = _events(shop, product.id)
    assert published.product_published.product.title["en"] == "Fjord espresso cup"
    assert [*published.product_published.product.category_ids] == [product.category_id]
    assert changed.product_changed.product.media[0].url == picture["url"]
    assert shop.http.get(f"{shop.endpoints['catalog']}/v1/products/{product.id}").status_code == 404


def _kinds(shop: Shop, product_id: str) -> list[str | None]:
    return [event.WhichOneof("kind") for event in _events(shop, product_id)]


def _events(shop: Shop, product_id: str) -> list[ProductEvent]:
    mine = [one for one in shop.records("shop.catalog.products.v1") if one.key() == product_id.encode()]
    return [_event(one) for one in mine]


def _event(record: Message) -> ProductEvent:
    _schema_id, _path, content = wire.unframe(record.value() or b"")
    event = ProductEvent()
    event.ParseFromString(content)
    return event


@pytest.mark.parametrize(("sent", "kind"), [(PNG + b"more", "image/png"), (PNG, "text/html")], ids=["another size", "another type"])
def test_nothing_but_what_was_announced_is_uploaded(shop: Shop, staff: Staff, sent: bytes, kind: str) -> None:
    product = NewProduct.made(shop, staff.token)
    upload = staff.post(f"/v1/products/{product.id}/uploads", {"contentType": "image/png", "size": len(PNG)}).json()

    other = {"content-type": kind, "content-length": str(len(sent))}
    refused = httpx.put(upload["url"], content=sent, headers={**upload["headers"], **other})
    place = f"{shop.endpoints['catalog']}/v1/products/{product.id}/media/{upload['id']}"
    taken = shop.http.put(place, headers={"authorization": f"Bearer {staff.token}"})

    assert (refused.status_code, taken.status_code) == (403, 409)


def test_a_category_takes_along_what_is_below_it_and_visitors_find_it_there(shop: Shop, staff: Staff) -> None:
    product = NewProduct.made(shop, staff.token)
    old, new = (staff.post("/v1/categories", {"names": {"en": name}}).json()["id"] for name in ("Old place", "New place"))
    _move(staff, product.category_id, below=old)
    until("it is found in the old place", lambda: _found_in(shop, old) == [product.id])

    _move(staff, old, below=new)

    until("it is found in the new place, two levels up", lambda: _found_in(shop, new) == [product.id])
    circle = shop.http.put(
        f"{shop.endpoints['catalog']}/v1/categories/{new}",
        json={"names": {"en": "New place"}, "parentId": product.category_id},
        headers={"authorization": f"Bearer {staff.token}", "if-match": _etag(staff, new)},
    )
    assert circle.status_code == 422


def _move(staff: Staff, category_id: str, *, below: str) -> None:
    names = staff.ask("GET", f"/v1/categories/{category_id}").json()["names"]
    body = {"names": names, "parentId": below}
    staff.ask("PUT", f"/v1/categories/{category_id}", body, **{"if-match": _etag(staff, category_id)})


def _etag(staff: Staff, category_id: str) -> str:
    return staff.ask("GET", f"/v1/categories/{category_id}").headers["etag"]


def _found_in(shop: Shop, category_id: str) -> list[str]:
    answer = shop.http.get(f"{shop.endpoints['edge']}/v1/products", params={"categoryId": category_id})
    return [one["id"] for one in answer.json().get("items", ())]
