"""The shop's public REST: what anybody may ask, checked and handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol
from urllib.parse import quote

import msgspec
from shop_kit import context
from shop_kit.errors import Overloaded
from shop_kit.http import Anybody, FieldFault, GuardedRoute, Problem, caller, json, read_query
from shop_kit.http.access import visitor
from shop_kit.http.idempotency import key_of
from shop_kit.rate_limits import RateLimiter
from starlette.requests import Request
from starlette.responses import Response

from shop_services.edge.adapters import gate
from shop_services.edge.application.ports import Effect, Service, ServiceAnswer
from shop_services.edge.domain.visitors import KeyTooWeak, Visitor, guest_for

ANSWER_SECONDS = 5.0
"""How long a service may take, beyond what the visitor asked it to wait."""

QUERY_CHARACTERS = "!$&'()*+,;=:@/?%-._~"
"""What may stand in a query as it is: https://www.rfc-editor.org/rfc/rfc3986#section-3.4"""

PASSED_ON = ("location", "retry-after", "idempotency-replayed", "content-type")


class OneOrderQuery(msgspec.Struct):
    """How many seconds the answer may wait for the order to end."""

    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 0


class StockItemView(msgspec.Struct, rename="camel"):
    """An article as visitors see it: how many are reserved or sold is the shop's own business."""

    sku: str
    name: str
    unit_price: msgspec.Raw
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

    orders: Service
    inventory: Service
    tokens: Tokens
    limiter: RateLimiter
    limits: gate.Limits
    guest_secret: bytes
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service is told to stop: nobody waits for an order any more then."""

    def routes(self) -> list[GuardedRoute]:
        """Return what a service mounts."""
        entrance = gate.Gate(self.tokens, self.limiter, self.limits)
        visitors, customers = gate.Visitors(entrance), gate.Customers(entrance)
        return [
            GuardedRoute("/v1/orders", self.place_order, methods=["POST"], access=visitors),
            GuardedRoute("/v1/orders", self.list_orders, access=customers),
            GuardedRoute("/v1/orders/{order_id}", self.show_order, access=customers),
            GuardedRoute("/v1/orders/{order_id}/cancellations", self.cancel_order, methods=["POST"], access=customers),
            GuardedRoute("/v1/stock-items", self.browse, access=visitors),
            GuardedRoute("/v1/stock-items/{sku}", self.show_stock_item, access=visitors),
            GuardedRoute("/.well-known/jwks.json", self.show_keys, access=Anybody("the keys are public, and services need them")),
        ]

    async def place_order(self, request: Request) -> Response:
        """Take an order from a customer or a guest: 202, and its place to look for it."""
        effect = await _effect(request)
        customer = visitor(request)
        buyer = Visitor(customer.subject) if customer else self._new_guest(effect.idempotency_key)
        answer = await self.orders.post("/v1/orders", effect, as_customer=buyer.customer_id, seconds=ANSWER_SECONDS)
        return self._with_guest_token(answer, buyer) if buyer.is_new and answer.status == 202 else _pass_on(answer)

    async def list_orders(self, request: Request) -> Response:
        """Answer with the visitor's own orders."""
        path = _with_query("/v1/orders", request)
        return _pass_on(await self.orders.get(path, as_customer=caller(request).subject, seconds=ANSWER_SECONDS))

    async def show_order(self, request: Request) -> Response:
        """Answer with the visitor's order; with `wait`, as soon as it is final or the time is over, or too many wait already."""
        query = read_query(request, OneOrderQuery)
        customer_id = caller(request).subject
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}"
        with context.bind(order_id=order_id):
            answer = await self._wait_for(path, customer_id, query.wait) if query.wait else None
            return _pass_on(answer or await self.orders.get(path, as_customer=customer_id, seconds=ANSWER_SECONDS))

    async def cancel_order(self, request: Request) -> Response:
        """Take a cancellation: 202; the order is `cancelled` once everything is undone."""
        effect = await _effect(request)
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}/cancellations"
        with context.bind(order_id=order_id):
            return _pass_on(await self.orders.post(path, effect, as_customer=caller(request).subject, seconds=ANSWER_SECONDS))

    async def browse(self, request: Request) -> Response:
        """Answer with what the shop sells: anybody may look."""
        path = _with_query("/v1/stock-items", request)
        answer = await self.inventory.get(path, as_customer=_name(request), seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockPageView)) if answer.status == 200 else _pass_on(answer)

    async def show_stock_item(self, request: Request) -> Response:
        """Answer with one article."""
        path = f"/v1/stock-items/{quote(request.path_params['sku'], safe='')}"
        answer = await self.inventory.get(path, as_customer=_name(request), seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockItemView)) if answer.status == 200 else _pass_on(answer)

    async def show_keys(self, _request: Request) -> Response:
        """Answer with the keys that verify this door's tokens."""
        return json(self.tokens.jwks(), headers={"cache-control": "public, max-age=300"})

    async def _wait_for(self, path: str, customer_id: str, seconds: float) -> ServiceAnswer | None:
        """Return the order once it is final; None when the door closes meanwhile, or when too many wait already."""
        waiting = self.orders.wait(f"{path}?wait={seconds:g}", as_customer=customer_id, seconds=seconds + ANSWER_SECONDS)
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

    def _new_guest(self, key: str) -> Visitor:
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

    def _with_guest_token(self, answer: ServiceAnswer, guest: Visitor) -> Response:
        order: dict[str, Any] = msgspec.json.decode(answer.body)
        order["guestToken"] = self.tokens.issue(guest.customer_id)
        headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers and name != "content-type"}
        return json(order, answer.status, {**headers, "cache-control": "no-store"})


ANYBODY = "anybody"
"""The subject of requests that concern no customer."""


def _pass_on(answer: ServiceAnswer) -> Response:
    """Return a service's answer as the visitor gets it. That one fails or refuses the edge itself is not their business."""
    if answer.status in {401, 403} or answer.status >= 500:
        raise Problem(
            502, "A part of the shop did not understand us", kind="bad-gateway", detail="It was logged under the correlation id."
        )
    headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
    return Response(answer.body, answer.status, headers=headers)


async def _effect(request: Request) -> Effect:
    """Return what the visitor sends, unread: the service behind says what is wrong with it."""
    return Effect(await request.body(), request.headers.get("content-type", ""), key_of(request))


def _name(request: Request) -> str:
    customer = visitor(request)
    return customer.subject if customer else ANYBODY


def _with_query(path: str, request: Request) -> str:
    """Return the path with the visitor's own query, which the service behind judges."""
    query = quote(request.scope["query_string"], safe=QUERY_CHARACTERS)
    return f"{path}?{query}" if query else path
