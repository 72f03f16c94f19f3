"""What carts and lists of articles cost: asked for over HTTP, and of pricing over gRPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Protocol
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.auth import NotAuthenticated
from shop_kit.errors import FieldFault
from shop_kit.grpc.client import CallFailed, GrpcClient
from shop_kit.http import Problem, json, read_body
from shop_kit.http.idempotency import key_of
from shop_kit.shared_kernel import MOST_ARTICLES
from starlette.requests import Request
from starlette.responses import Response

from shop_services.edge.adapters.handing_on import ANSWER_SECONDS, caller_of, misunderstood, pass_on
from shop_services.edge.application.callers import ANYBODY, Caller
from shop_services.edge.application.ports import Service

CONTRACT = messages.DESCRIPTOR.services_by_name["PricingService"]
MOST_CODES = 10

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class WishBody(msgspec.Struct, forbid_unknown_fields=True):
    """An article and how many of it."""

    sku: str
    quantity: Count


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What somebody may want to buy: some articles, or what is in their cart. What else is wrong with it is for pricing to say."""

    lines: Annotated[list[WishBody], msgspec.Meta(min_length=1, max_length=MOST_ARTICLES)] | UnsetType = UNSET
    cart_id: Annotated[str, msgspec.Meta(max_length=100)] | UnsetType = UNSET
    currency: str
    country: str
    shipping_method: str = ""
    coupon_codes: Annotated[list[str], msgspec.Meta(max_length=MOST_CODES)] = []

    def __post_init__(self) -> None:
        """Refuse what names both or neither. Raises ValueError, which the decoder reports."""
        if (self.lines is UNSET) == (self.cart_id is UNSET):
            raise ValueError("names either lines or cartId")


class LineView(msgspec.Struct, rename="camel"):
    """All pieces of an article, in minor units."""

    sku: str
    quantity: int
    unit_price: int
    discount: int
    tax: int
    total: int


class ShippingView(msgspec.Struct):
    """The way to the customer, in minor units."""

    method: str
    price: int
    discount: int
    tax: int
    total: int


class AppliedView(msgspec.Struct, rename="camel", omit_defaults=True):
    """What took something off, with how much, and the coupon that asked for it."""

    id: str
    amount: int
    coupon_code: str | None = None


class QuoteView(msgspec.Struct, rename="camel", kw_only=True):
    """A quote, as pricing shows it over HTTP."""

    id: str
    customer_id: str | None
    issued_at: datetime
    expires_at: datetime
    token: str
    currency: str
    country: str
    tax_included: bool
    lines: list[LineView]
    shipping: ShippingView
    coupons: list[str]
    promotions: list[AppliedView]
    subtotal: int
    discount: int
    tax: int
    total: int


class _CartLine(msgspec.Struct):
    sku: str
    quantity: int


class _Cart(msgspec.Struct):
    items: list[_CartLine]


class Quotes(Protocol):
    """Makes quotes."""

    async def make(self, wanted: messages.CreateQuoteRequest, *, caller: Caller) -> messages.CreateQuoteResponse:
        """Return a quote for a caller. Raises Refused, and Unavailable or another Transient; CallFailed."""
        ...


@dataclass(frozen=True)
class GrpcQuotes:
    """Implements `Quotes`. `sign` gives the token that says for whom the edge asks."""

    pricing: GrpcClient
    sign: Callable[[Caller], str]

    async def make(self, wanted: messages.CreateQuoteRequest, *, caller: Caller) -> messages.CreateQuoteResponse:
        """Return a quote for a caller. Raises Refused, and Unavailable or another Transient; CallFailed."""
        return await self.pricing.call(wanted, messages.CreateQuoteResponse, token=self.sign(caller))


@dataclass(frozen=True)
class QuoteRoutes:
    """Quotes as visitors ask for them."""

    pricing: Service
    cart: Service
    quotes: Quotes

    async def create(self, request: Request) -> Response:
        """Answer with what a cart or some articles cost, signed: for who is known, else for anybody."""
        buyer, key = _buyer(request), key_of(request)
        body = await read_body(request, QuoteBody)
        lines = await self._in_cart(body.cart_id, buyer) if body.cart_id is not UNSET else body.lines or []
        try:
            made = await self.quotes.make(_request(body, lines, key, buyer), caller=buyer)
        except CallFailed as failed:
            raise misunderstood() from failed
        view = _view(made.quote)
        replayed = {"idempotency-replayed": "true"} if made.is_repeated else {}
        return json(view, HTTPStatus.CREATED, headers={"location": f"/v1/quotes/{view.id}", **replayed})

    async def show(self, request: Request) -> Response:
        """Answer with a quote of the visitor's, or one that anybody may use."""
        path = f"/v1/quotes/{quote(request.path_params['quote_id'], safe='')}"
        return pass_on(await self.pricing.get(path, caller=_buyer(request), seconds=ANSWER_SECONDS))

    async def _in_cart(self, cart_id: str, buyer: Caller) -> Sequence[_CartLine]:
        """Return what is in a cart of the buyer's. Raises Problem: 404 for any other one, 422 for an empty one."""
        if buyer is ANYBODY:
            raise NotAuthenticated("a cart is its owner's alone: send the token that `openCart` gave, or lines")
        answer = await self.cart.get(f"/v1/carts/{quote(cart_id, safe='')}", caller=buyer, seconds=ANSWER_SECONDS)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Problem(404, "There is no such cart", kind="no-such-cart", detail="POST /v1/carts says which one is yours.")
        if answer.status != HTTPStatus.OK:
            raise misunderstood()
        lines = msgspec.json.decode(answer.body, type=_Cart).items
        if not lines:
            raise Problem(422, "The cart is empty", kind="cart-empty", errors=[FieldFault("$.cartId", "has nothing in it")])
        return lines


def _buyer(request: Request) -> Caller:
    """Return for whom a quote is: who is known and may have one, else anybody."""
    found = caller_of(request)
    return found if found and found.scopes else ANYBODY


def _request(body: QuoteBody, lines: Sequence[WishBody | _CartLine], key: str, buyer: Caller) -> messages.CreateQuoteRequest:
    return messages.CreateQuoteRequest(
        customer_id="" if buyer is ANYBODY else buyer.subject,
        currency_code=body.currency,
        country=body.country,
        shipping_method=body.shipping_method,
        lines=[messages.QuoteRequestLine(sku=line.sku, quantity=line.quantity) for line in lines],
        coupon_codes=body.coupon_codes,
        request_id=key,
    )


def _view(made: messages.Quote) -> QuoteView:
    return QuoteView(
        id=made.quote_id,
        customer_id=made.customer_id or None,
        issued_at=made.issued_at.ToDatetime(UTC),
        expires_at=made.expires_at.ToDatetime(UTC),
        token=made.token,
        currency=made.currency_code,
        country=made.country,
        tax_included=made.tax_included,
        lines=[LineView(line.sku, line.quantity, line.unit_price, line.discount, line.tax, line.total) for line in made.lines],
        shipping=_shipping(made.shipping),
        coupons=[*made.coupon_codes],
        promotions=[AppliedView(one.promotion_id, one.amount, one.coupon_code or None) for one in made.promotions],
        subtotal=made.subtotal,
        discount=made.discount,
        tax=made.tax,
        total=made.total,
    )


def _shipping(made: messages.QuoteShipping) -> ShippingView:
    return ShippingView(made.method, made.price, made.discount, made.tax, made.total)
