"""The shop's public REST: what anybody may ask, checked and handed on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol
from urllib.parse import quote, urlencode

import msgspec
from shop_kit import context
from shop_kit.http import FieldFault, Problem, json, read_body, read_query
from shop_kit.http.values import SkuText
from shop_kit.idempotency import key_of
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shop_services.edge.application.ports import Service, ServiceAnswer, Turnstile
from shop_services.edge.domain.rate import RateLimit
from shop_services.edge.domain.visitors import KeyTooWeak, Visitor, guest_for

ANSWER_SECONDS = 5.0
"""How long a service may take, beyond what the visitor asked it to wait."""

PASSED_ON = ("location", "retry-after", "idempotency-replayed", "content-type")

# The pattern keeps card numbers out: only what a payment provider has issued begins with `tok_`.
MethodToken = Annotated[str, msgspec.Meta(pattern=r"^tok_[A-Za-z0-9_]{1,60}\Z")]


class LineBody(msgspec.Struct, forbid_unknown_fields=True):
    """An article and how many of it. A price that a client names is refused, not ignored."""

    sku: SkuText
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class PaymentBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """How the customer pays."""

    method_token: MethodToken


class PlaceOrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a customer orders."""

    lines: Annotated[list[LineBody], msgspec.Meta(min_length=1, max_length=50)]
    payment: PaymentBody


class CancellationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a customer cancels."""

    # PostgreSQL keeps every character but this one.
    reason: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*\Z")] = ""


class OneOrderQuery(msgspec.Struct):
    """How many seconds the answer may wait for the order to end."""

    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 0


class PageQuery(msgspec.Struct):
    """Which part of a list is wanted; what is absent is left to the service behind."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] | msgspec.UnsetType = msgspec.UNSET
    cursor: Annotated[str, msgspec.Meta(max_length=400)] | msgspec.UnsetType = msgspec.UNSET


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


class Tokens(Protocol):
    """What proves who a visitor is."""

    async def customer_of(self, token: str) -> str:
        """Return whose token it is. Raises Problem 401 for one that is forged, expired or meant for something else."""
        ...

    def issue(self, customer_id: str) -> str:
        """Return a token that proves its bearer to be this customer."""
        ...

    def jwks(self) -> dict[str, Any]:
        """Return the public keys that verify all tokens of this door."""
        ...


@dataclass(frozen=True)
class Limits:
    """How often a known customer may ask, and how often an address may without a token. Many customers share an address."""

    customer: RateLimit
    address: RateLimit
    trusted_proxies: int = 0
    """How many proxies of ours stand before the edge: each adds one address to X-Forwarded-For. What else is there is hearsay."""


@dataclass(frozen=True)
class FrontDoor:
    """The routes of the shop."""

    orders: Service
    inventory: Service
    tokens: Tokens
    turnstile: Turnstile
    limits: Limits
    guest_secret: bytes
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service is told to stop: nobody waits for an order any more then."""

    def routes(self) -> list[Route]:
        """Return what a service mounts."""
        return [
            Route("/v1/orders", self.place_order, methods=["POST"]),
            Route("/v1/orders", self.list_orders, methods=["GET"]),
            Route("/v1/orders/{order_id}", self.show_order, methods=["GET"]),
            Route("/v1/orders/{order_id}/cancellations", self.cancel_order, methods=["POST"]),
            Route("/v1/stock-items", self.browse, methods=["GET"]),
            Route("/v1/stock-items/{sku}", self.show_stock_item, methods=["GET"]),
            Route("/.well-known/jwks.json", self.show_keys, methods=["GET"]),
        ]

    async def place_order(self, request: Request) -> Response:
        """Take an order from a customer or a guest: 202, and its place to look for it."""
        customer_id = await self._enter(request)
        key = key_of(request)
        visitor = Visitor(customer_id) if customer_id else self._new_guest(key)
        await read_body(request, PlaceOrderBody)
        answer = await self.orders.post(
            "/v1/orders", as_customer=visitor.customer_id, body=await request.body(), idempotency_key=key, seconds=ANSWER_SECONDS
        )
        return self._with_guest_token(answer, visitor) if visitor.is_new and answer.status == 202 else _pass_on(answer)

    async def list_orders(self, request: Request) -> Response:
        """Answer with the visitor's own orders."""
        customer_id = await self._enter_with_token(request)
        query = read_query(request, PageQuery)
        return _pass_on(await self.orders.get(_path("/v1/orders", query), as_customer=customer_id, seconds=ANSWER_SECONDS))

    async def show_order(self, request: Request) -> Response:
        """Answer with the visitor's order; with `wait`, as soon as it is final or the time is over."""
        customer_id = await self._enter_with_token(request)
        query = read_query(request, OneOrderQuery)
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}"
        with context.bind(order_id=order_id):
            if query.wait:
                waited = f"{path}?wait={query.wait:g}"
                answer = await self._unless_stopping(
                    self.orders.get(waited, as_customer=customer_id, seconds=query.wait + ANSWER_SECONDS)
                )
                if answer:
                    return _pass_on(answer)
            return _pass_on(await self.orders.get(path, as_customer=customer_id, seconds=ANSWER_SECONDS))

    async def cancel_order(self, request: Request) -> Response:
        """Take a cancellation: 202; the order is `cancelled` once everything is undone."""
        customer_id = await self._enter_with_token(request)
        key = key_of(request)
        await read_body(request, CancellationBody)
        order_id = request.path_params["order_id"]
        path = f"/v1/orders/{quote(order_id, safe='')}/cancellations"
        with context.bind(order_id=order_id):
            answer = await self.orders.post(
                path, as_customer=customer_id, body=await request.body(), idempotency_key=key, seconds=ANSWER_SECONDS
            )
        return _pass_on(answer)

    async def browse(self, request: Request) -> Response:
        """Answer with what the shop sells: anybody may look."""
        customer_id = await self._enter(request)
        path = _path("/v1/stock-items", read_query(request, PageQuery))
        answer = await self.inventory.get(path, as_customer=customer_id or ANYBODY, seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockPageView)) if answer.status == 200 else _pass_on(answer)

    async def show_stock_item(self, request: Request) -> Response:
        """Answer with one article."""
        customer_id = await self._enter(request)
        path = f"/v1/stock-items/{quote(request.path_params['sku'], safe='')}"
        answer = await self.inventory.get(path, as_customer=customer_id or ANYBODY, seconds=ANSWER_SECONDS)
        return json(msgspec.json.decode(answer.body, type=StockItemView)) if answer.status == 200 else _pass_on(answer)

    async def show_keys(self, _request: Request) -> Response:
        """Answer with the keys that verify this door's tokens."""
        return json(self.tokens.jwks(), headers={"cache-control": "public, max-age=300"})

    async def _enter(self, request: Request) -> str | None:
        """Let a visitor in. Returns the customer that the token names, None without a token. Raises Problem 401 or 429."""
        token = _bearer_token(request)
        customer_id = await self.tokens.customer_of(token) if token else None
        if customer_id:
            client, limit = f"customer:{customer_id}", self.limits.customer
        else:
            client, limit = f"address:{_address(request, self.limits.trusted_proxies)}", self.limits.address
        verdict = await self.turnstile.pass_through(client, limit)
        if not verdict.is_allowed:
            wait = max(1, math.ceil(verdict.retry_after_seconds))
            raise Problem(
                429,
                "Too many requests",
                kind="rate-limited",
                detail=f"At most {limit.per_second:g} requests a second are taken from you on average. Try again in {wait} s.",
                headers={"retry-after": str(wait)},
            )
        return customer_id

    async def _enter_with_token(self, request: Request) -> str:
        customer_id = await self._enter(request)
        if customer_id is None:
            raise Problem(
                401,
                "A token is required",
                kind="not-authenticated",
                detail="Send `Authorization: Bearer <token>`. A guest gets one as `guestToken` with their first order.",
                headers={"www-authenticate": 'Bearer realm="shop"'},
            )
        return customer_id

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


def _path(path: str, query: PageQuery) -> str:
    parameters = msgspec.to_builtins(query)
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(
            401,
            "The authorization is not understood",
            kind="not-authenticated",
            detail="Send `Authorization: Bearer <token>`.",
            headers={"www-authenticate": 'Bearer realm="shop", error="invalid_request"'},
        )
    return token.strip()


def _address(request: Request, trusted_proxies: int) -> str:
    """Return the address of the client: the socket's, or what the outermost proxy of ours has seen."""
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        return forwarded[-trusted_proxies]
    return request.client.host if request.client else "unknown"
