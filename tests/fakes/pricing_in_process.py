"""Pricing in one process: over HTTP without a socket, over gRPC with one, on tables in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.declared_calls import calls_to
from opentelemetry import trace
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.auth import StaticKeys, TokenSigner, TokenVerifier
from shop_kit.grpc import serving_grpc
from shop_kit.grpc.client import GrpcClient
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_kit.testing.clock import HandClock
from shop_kit.testing.idempotency import InMemoryKeys
from shop_services.pricing.adapters.documents import JwtQuoteSigner
from shop_services.pricing.adapters.in_memory import (
    InMemoryCoupons,
    InMemoryPriceLists,
    InMemoryPrices,
    InMemoryPromotions,
    InMemoryQuotes,
    PricingTables,
)
from shop_services.pricing.adapters.rest import PricingApi
from shop_services.pricing.adapters.rpc import PricingRpc
from shop_services.pricing.application.quoting import Quoting

EDGE, OWN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
SERVICE = messages.DESCRIPTOR.services_by_name["PricingService"]
SCOPES = ("quotes:create", "pricing:read", "pricing:write")


@dataclass
class Pricing:
    """Pricing in process, as services behind the front door see it."""

    http: httpx.AsyncClient
    rpc: GrpcClient
    clock: HandClock
    tables: PricingTables
    keys: list[str] = field(default_factory=list)

    def token(self, subject: str, *scopes: str) -> str:
        signer = TokenSigner(EDGE, "shop-edge")
        return signer.sign(subject, audience="shop-internal", scopes=scopes or SCOPES, lifetime_seconds=600)

    def headers(self, subject: str = "staff", **further: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(subject)}", **{name.replace("_", "-"): one for name, one in further.items()}}

    async def price(self, sku: str, minor_units: int, *, price_list: str = "retail", tax_class: str = "standard") -> httpx.Response:
        body = {
            "taxClass": tax_class,
            "prices": [{"priceListId": price_list, "amount": {"currency": "EUR", "minorUnits": minor_units}}],
        }
        found = await self.http.get(f"/v1/prices/{sku}", headers=self.headers())
        seen = {"if-match": found.headers["etag"]} if found.status_code == 200 else {"if-none-match": "*"}
        return await self.http.put(f"/v1/prices/{sku}", json=body, headers={**self.headers(), **seen})

    async def quote(self, body: dict[str, Any], *, by: str = "cus_1", key: str = "") -> httpx.Response:
        self.keys.append(key or f"key-{len(self.keys)}")
        return await self.http.post("/v1/quotes", json=body, headers=self.headers(by, idempotency_key=self.keys[-1]))

    async def quote_by_grpc(self, request: messages.CreateQuoteRequest, *, by: str = "cus_1") -> messages.Quote:
        answer = await self.rpc.call(request, messages.CreateQuoteResponse, seconds=5, token=self.token(by))
        return answer.quote


@asynccontextmanager
async def pricing_in_process() -> AsyncIterator[Pricing]:
    """Pricing with one price list in euros, `retail`, and no prices in it."""
    tables, clock = PricingTables(), HandClock()
    prices, quotes = InMemoryPrices(tables, clock), InMemoryQuotes(tables)
    promotions, coupons = InMemoryPromotions(tables), InMemoryCoupons(tables)
    signer, keys = TokenSigner(OWN, "shop-pricing", clock), InMemoryKeys()
    quoting = Quoting(prices, promotions, coupons, JwtQuoteSigner(signer), clock)
    tokens = TokenVerifier(StaticKeys(EDGE.public_key()), issuer="shop-edge", audience="shop-internal")
    lists = InMemoryPriceLists(tables)
    api = PricingApi(quoting, quotes, lists, prices, promotions, coupons, keys, clock, signer.jwks())
    app = create_app(api.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=tokens)
    serving = serving_grpc(
        [PricingRpc(quoting, quotes, prices, clock).service()],
        address="127.0.0.1",
        port=0,
        readiness={},
        tokens=tokens,
        tracer=trace.get_tracer("test"),
        metrics=Metrics(),
        most_seconds=5.0,
        drain_seconds=lambda: 1.0,
    )
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pricing") as http,
        serving as port,
        GrpcClient.connect(calls_to("pricing"), SERVICE, f"127.0.0.1:{port}", tracer=trace.get_tracer("test")) as rpc,
    ):
        found = Pricing(http, rpc, clock, tables)
        terms = {"currency": "EUR", "taxIncluded": True}
        assert (await http.put("/v1/price-lists/retail", json=terms, headers=found.headers())).status_code == 200
        yield found
