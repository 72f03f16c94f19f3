"""The front door when there is too much to do, or something behind it is away: who pays goes before who looks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
import shop_services
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.backing_service import FakeService, json_answer
from opentelemetry import trace
from shop_kit.http.app import create_app
from shop_kit.http.contract import ContractNotKept, operations
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimit
from shop_kit.resilience.declared import DeclaredLimit, Resilience, Shedding
from shop_kit.testing.clock import HandClock
from shop_kit.testing.rate_limits import InMemoryRateLimiter
from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.quotes import QuoteRoutes
from shop_services.edge.adapters.rest import CONTRACT, EdgeApi
from shop_services.edge.adapters.tokens import EdgeTokens
from shop_services.edge.application.ports import Services

pytestmark = pytest.mark.anyio

BROWSING = "/v1/stock-items/mug"
DECLARED = Resilience(
    rate_limits=(DeclaredLimit(name="ordering", operations=("placeOrder",), per_second=1, burst=2),),
    shedding=Shedding(at_once=4, first=("getStockItem",), last=("placeOrder",), apart=("getOrder",)),
)


class Slow(FakeService):
    """A service whose reads take as long as a test wants."""

    def __init__(self) -> None:
        super().__init__(json_answer(202, {"id": "ord_1"}))
        self.may_answer = asyncio.Event()
        self.reading = 0

    async def get(self, path: str, **named: object) -> object:  # type: ignore[override]  # it only waits
        self.reading += 1
        await self.may_answer.wait()
        return json_answer(404, {})

    async def has_readers(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.reading < count:  # noqa: ASYNC110 - readers come when they are scheduled
                await asyncio.sleep(0)


@dataclass
class Door:
    """The edge with few places."""

    service: Slow = field(default_factory=Slow)
    clock: HandClock = field(default_factory=HandClock)
    metrics: Metrics = field(default_factory=Metrics)
    declared: Resilience = DECLARED

    def __post_init__(self) -> None:
        self.tokens, plenty = EdgeTokens(Ed25519PrivateKey.generate(), self.clock), RateLimit(1e6, 10**6)
        limiter = InMemoryRateLimiter(lambda: self.clock.seconds * 1000)
        behind = Services(**dict.fromkeys(Services.__dataclass_fields__, cast("Any", self.service)))
        front = EdgeApi(
            behind,
            QuoteRoutes(behind.pricing, behind.cart, cast("Any", self.service)),
            self.tokens,
            limiter,
            lambda: Limits(plenty, plenty),
            b"secret",
            resilience=self.declared,
            metrics=self.metrics,
        )
        app = create_app(front.routes(), readiness={}, tracer=trace.get_tracer("test"), metrics=self.metrics)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge")

    async def place(self, token: str | None = None) -> httpx.Response:
        named = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.post("/v1/orders", json={}, headers={"idempotency-key": str(uuid.uuid4()), **named})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    async with door.http:
        yield door


async def test_who_browses_is_refused_first_and_who_orders_last(door: Door) -> None:
    async with asyncio.TaskGroup() as readers:
        for _ in range(2):
            readers.create_task(door.http.get(BROWSING))
        await door.service.has_readers(2)

        browsing, ordering = await door.http.get(BROWSING), await door.place()
        door.service.may_answer.set()

    assert (browsing.status_code, browsing.json()["type"], browsing.headers["retry-after"]) == (503, "/problems/overloaded", "1")
    assert ordering.status_code == 202
    assert 'shop_requests_shed_total{priority="first-to-go"} 1.0' in door.metrics.render()


async def test_a_place_is_free_again_when_its_request_is_done(door: Door) -> None:
    door.service.may_answer.set()

    assert [(await door.http.get(BROWSING)).status_code for _ in range(20)] == [404] * 20
    assert "shop_requests_under_way 0.0" in door.metrics.render()


async def test_one_client_may_use_an_operation_so_often_and_others_are_not_held_up(door: Door) -> None:
    ann, bob = door.tokens.issue("gst_ann"), door.tokens.issue("gst_bob")

    anns = [(await door.place(ann)).status_code for _ in range(2)]
    refused, bobs = await door.place(ann), await door.place(bob)
    door.service.may_answer.set()
    elsewhere = await door.http.get(BROWSING, headers={"authorization": f"Bearer {ann}"})
    door.clock.pass_by(1)

    assert anns == [202, 202]
    assert (refused.status_code, refused.json()["type"], refused.headers["retry-after"]) == (429, "/problems/rate-limited", "1")
    assert (bobs.status_code, elsewhere.status_code) == (202, 404)
    assert (await door.place(ann)).status_code == 202


def test_a_limit_on_what_is_not_served_is_a_typo_and_no_start() -> None:
    typo = Resilience(shedding=Shedding(first=("listStokItems",)))

    with pytest.raises(ContractNotKept, match="listStokItems"):
        Door(declared=typo)


def test_what_the_manifest_declares_is_what_the_kit_reads_and_the_contract_offers() -> None:
    folder = Path(next(iter(shop_services.__path__)))
    manifest = yaml.safe_load((folder / "edge" / "service.yaml").read_text(encoding="utf-8"))
    declared = msgspec.convert(manifest["resilience"], Resilience)

    assert declared.operations() <= {operation.id for operation in operations(CONTRACT.read_text(encoding="utf-8"))}
    assert declared.limit_of("placeOrder") is not None
