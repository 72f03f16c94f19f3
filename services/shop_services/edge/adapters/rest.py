"""The shop's public REST: what anybody may ask, checked and handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import quote

import msgspec
import shop_contracts
from shop_kit import context
from shop_kit.errors import Overloaded
from shop_kit.http import FieldFault, GuardedRoute, Problem, json, read_query
from shop_kit.http.access import Handler
from shop_kit.http.contract import operations, routes
from shop_kit.http.idempotency import key_of
from shop_kit.http.shedding import shed
from shop_kit.metrics import Metrics
from shop_kit.rate_limits import RateLimiter
from shop_kit.resilience.declared import AS_THE_KIT_HAS_IT, Resilience
from starlette.requests import Request
from starlette.responses import Response

from shop_services.edge.adapters import gate
from shop_services.edge.adapters.handing_on import (
    ANSWER_SECONDS,
    PASSED_ON,
    caller_of,
    effect_of,
    known_caller,
    pass_on,
    relay,
    with_query,
)
from shop_services.edge.adapters.personal_data import KEPT, PersonalData, Refused
from shop_services.edge.adapters.quotes import QuoteRoutes
from shop_services.edge.application.callers import NOBODY, Caller, guest
from shop_services.edge.application.ports import Change, ServiceAnswer, Services
from shop_services.edge.domain.visitors import KeyTooWeak, guest_for

RELAYED = {
    "identity": (
        *("getCustomer", "putCustomer"),
        *("addAddress", "getAddress", "putAddress", "removeAddress", "putConsent"),
    ),
    "catalog": (
        *("getProduct", "getPicture", "listCategories", "getCategory", "listProductsInCategory"),
        *("createProduct", "putProduct", "publishProduct", "withdrawProduct", "importProducts", "exportProducts"),
        *("beginUpload", "attachPicture", "detachPicture", "createCategory", "putCategory", "removeCategory"),
    ),
    "search": ("searchProducts", "suggestWords"),
    "pricing": ("getPricesNow", "getShippingMethods"),
    "cart": ("getCart", "emptyCart", "putItem", "removeItem", "mergeCarts"),
}
"""Operations that a service behind the door has under the same path: handed on as they come."""
CONTRACT = Path(shop_contracts.__file__).parent / "openapi" / "edge.yaml"
"""What the door offers, and to whom."""


class OneOrderQuery(msgspec.Struct):
    """How many seconds the answer may wait for the order to end."""

    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 0


class StockItemView(msgspec.Struct):
    """An article as visitors see it: how many are reserved or sold is the shop's own business."""

    sku: str
    level: str
    free: int


class StockPageView(msgspec.Struct, rename="camel"):
    """A part of the list of articles; `next_cursor` asks for the next, None after the last."""

    items: list[StockItemView]
    next_cursor: str | None


class Tokens(gate.Tokens, Protocol):
    """What proves who a visitor is."""

    def issue(self, customer_id: str) -> str:
        """Return a token that proves its bearer to be this customer."""
        ...

    def jwks(self) -> dict[str, Any]:
        """Return the public keys that verify all tokens of this door."""
        ...


@dataclass(frozen=True)
class EdgeApi:
    """The routes of the shop."""

    services: Services
    quotes: QuoteRoutes
    tokens: Tokens
    limiter: RateLimiter
    limits: Callable[[], gate.Limits]
    guest_secret: bytes
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service is told to stop: nobody waits for an order any more then."""
    resilience: Resilience = AS_THE_KIT_HAS_IT
    metrics: Metrics = field(default_factory=Metrics)

    def routes(self) -> list[GuardedRoute]:
        """Return what a service mounts: what the contract offers, open to whom it says."""
        admission = partial(gate.admission, gate.Gate(self.tokens, self.limiter, self.limits, self.resilience))
        offered = [*operations(CONTRACT.read_text(encoding="utf-8"))]
        served = zip(offered, routes(offered, self.handlers(), admission), strict=True)
        return shed(served, self.resilience, self.metrics)

    def handlers(self) -> dict[str, Handler]:
        """Return what serves each operation of the contract, by its id."""
        relayed = {operation: getattr(self.services, name) for name, several in RELAYED.items() for operation in several}
        return {
            "placeOrder": self.place_order,
            "listOrders": self.list_orders,
            "getOrder": self.show_order,
            "cancelOrder": self.cancel_order,
            "createQuote": self.quotes.create,
            "getQuote": self.quotes.show,
            "listStockItems": self.browse,
            "getStockItem": self.show_stock_item,
            "openCart": self.open_cart,
            "exportCustomer": self.export_customer,
            "eraseCustomer": self.erase_customer,
            "getSigningKeys": self.show_keys,
            **{operation: partial(relay, service) for operation, service in relayed.items()},
        }

    async def place_order(self, request: Request) -> Response:
        """Take an order from a customer or a guest: 202, and its place to look for it."""
        effect = await effect_of(request)
        known = caller_of(request)
        buyer = known or guest(self._new_guest(effect.idempotency_key))
        answer = await self.services.orders.post("/v1/orders", effect, caller=buyer, seconds=ANSWER_SECONDS)
        return self._with_guest_token(answer, buyer) if known is None and answer.status == 202 else pass_on(answer)

    async def list_orders(self, request: Request) -> Response:
        """Answer with the visitor's own orders."""
        path = with_query("/v1/orders", request)
        return pass_on(await self.services.orders.get(path, caller=known_caller(request), seconds=ANSWER_SECONDS))

    async def show_order(self, request: Request) -> Response:
        """Answer with the visitor's order; with `wait`, as soon as it is final or the time is over, or too many wait already."""
        query = read_query(request, OneOrderQuery)
        caller = known_caller(request)
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}"
        with context.bind(order_id=order_id):
            answer = await self._wait_for(path, caller, query.wait) if query.wait else None
            return pass_on(answer or await self.services.orders.get(path, caller=caller, seconds=ANSWER_SECONDS))

    async def cancel_order(self, request: Request) -> Response:
        """Take a cancellation: 202; the order is `cancelled` once everything is undone."""
        effect = await effect_of(request)
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}/cancellations"
        with context.bind(order_id=order_id):
            return pass_on(await self.services.orders.post(path, effect, caller=known_caller(request), seconds=ANSWER_SECONDS))

    async def open_cart(self, request: Request) -> Response:
        """Say where the visitor's cart is; one without a token becomes a guest."""
        known = caller_of(request)
        owner = known or guest(self._new_guest(key_of(request)))
        path, change = with_query("/v1/carts", request), Change("POST", b"", {})
        answer = await self.services.cart.change(path, change, caller=owner, seconds=ANSWER_SECONDS)
        return self._with_guest_token(answer, owner) if known is None and answer.status == 201 else pass_on(answer)

    async def export_customer(self, request: Request) -> Response:
        """Answer with all that the shop knows of a customer."""
        try:
            return json(await PersonalData(self.services).of(known_caller(request)), headers={"cache-control": "no-store"})
        except Refused as refused:
            return pass_on(refused.answer)

    async def erase_customer(self, request: Request) -> Response:
        """Forget a customer, but for what is kept, and say what that is."""
        answer = await PersonalData(self.services).erase(known_caller(request))
        return json({"kept": KEPT}) if answer.status == 204 else pass_on(answer)

    async def browse(self, request: Request) -> Response:
        """Answer with how much there is: anybody may look."""
        path = with_query("/v1/stock-items", request)
        answer = await self.services.inventory.get(path, caller=caller_of(request) or NOBODY, seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockPageView)) if answer.status == 200 else pass_on(answer)

    async def show_stock_item(self, request: Request) -> Response:
        """Answer with one article."""
        path = f"/v1/stock-items/{quote(request.path_params['sku'], safe='')}"
        answer = await self.services.inventory.get(path, caller=caller_of(request) or NOBODY, seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockItemView)) if answer.status == 200 else pass_on(answer)

    async def show_keys(self, _request: Request) -> Response:
        """Answer with the keys that verify this door's tokens."""
        return json(self.tokens.jwks(), headers={"cache-control": "public, max-age=300"})

    async def _wait_for(self, path: str, caller: Caller, seconds: float) -> ServiceAnswer | None:
        """Return the order once it is final; None when the door closes meanwhile, or when too many wait already."""
        waiting = self.services.orders.wait(f"{path}?wait={seconds:g}", caller=caller, seconds=seconds + ANSWER_SECONDS)
        try:
            return await self._unless_stopping(waiting)
        except Overloaded:
            return None

    async def _unless_stopping(self, waiting: Coroutine[Any, Any, ServiceAnswer]) -> ServiceAnswer | None:
        """Return the answer, or None when the door closes before it is there."""
        asked, closing = asyncio.create_task(waiting), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({asked, closing}, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else None
        finally:
            asked.cancel()
            closing.cancel()

    def _new_guest(self, key: str) -> str:
        try:
            return guest_for(key, secret=self.guest_secret)
        except KeyTooWeak as weak:
            raise Problem(
                400,
                "Without a token the Idempotency-Key must be a UUID",
                kind="idempotency-key-too-weak",
                detail="It stands in for your identity until you have a token: nobody must guess it. Send a fresh UUID.",
                errors=[FieldFault("Idempotency-Key", "is not a UUID")],
            ) from weak

    def _with_guest_token(self, answer: ServiceAnswer, buyer: Caller) -> Response:
        order: dict[str, Any] = msgspec.json.decode(answer.body)
        order["guestToken"] = self.tokens.issue(buyer.subject)
        headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers and name != "content-type"}
        return json(order, answer.status, {**headers, "cache-control": "no-store"})
