"""What staff put into the catalog of a running shop."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx
from e2e.shop import Shop


@dataclass(frozen=True)
class NewProduct:
    """A product that nobody else knows, published in a category of its own."""

    id: str
    category_id: str
    sku: str

    @classmethod
    def made(cls, shop: Shop, token: str, *, title: str = "An article") -> NewProduct:
        """Make it, as whoever the token is of."""
        catalog = Staff(shop, token)
        category = catalog.post("/v1/categories", {"names": {"en": "For tests"}}).json()["id"]
        sku = f"E2E-{uuid.uuid4().hex[:10].upper()}"
        body = {"title": {"en": title}, "categoryIds": [category], "variants": [{"sku": sku}]}
        product = catalog.post("/v1/products", body).json()["id"]
        catalog.ask("PUT", f"/v1/products/{product}/publication")
        return cls(product, category, sku)


@dataclass(frozen=True)
class Staff:
    """Somebody who may write the catalog."""

    shop: Shop
    token: str

    def post(self, path: str, body: object) -> httpx.Response:
        """Make something."""
        return self.ask("POST", path, body, **{"idempotency-key": str(uuid.uuid4())})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask for something that must be done."""
        sent = {"authorization": f"Bearer {self.token}", **headers}
        answer = self.shop.http.request(method, self.shop.endpoints["catalog"] + path, json=body, headers=sent)
        assert answer.status_code < 300, answer.text
        return answer
