"""Carts over HTTP. A cart is its owner's alone: for anybody else it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Protocol

import msgspec
from shop_kit.auth import NotAuthenticated, Principal
from shop_kit.errors import FieldFault, Refused, Transient
from shop_kit.http import GuardedRoute, Problem, Scope, caller, json, read_body, read_query
from shop_kit.http.etags import etag_of
from shop_kit.http.values import MoneyView, sku_in_path
from shop_kit.shared_kernel import Money, Sku
from starlette.requests import Request
from starlette.responses import Response

from shop_services.cart.adapters.cart_table import cart_id
from shop_services.cart.application.filling import Filling
from shop_services.cart.application.ports import Price, Prices
from shop_services.cart.domain.cart import MOST_OF_ONE, Cart, CartFull, Line

READ, WRITE = "carts:read", "carts:write"
LONGEST_TOKEN = 4_000


class CartQuery(msgspec.Struct):
    """In which currency prices are shown, and where it goes, for those that depend on it. Without a currency none are."""

    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")] | None = None
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no currency. Raises UnknownCurrency, which the decoder reports."""
        if self.currency is not None:
            Money(self.currency, 0)


class QuantityBody(msgspec.Struct, forbid_unknown_fields=True):
    """How many of an article. There is no place for a price."""

    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST_OF_ONE)]


class MergeBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The token of the guest whose cart is to be taken over: who holds it is that guest."""

    guest_token: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TOKEN)]


class LineView(msgspec.Struct, rename="camel"):
    """A line of a cart. Its price is null where nobody was asked, nobody could say, or the article has none."""

    sku: str
    quantity: int
    unit_price: MoneyView | None
    tax_included: bool | None


class CartView(msgspec.Struct, rename="camel"):
    """A cart as it is shown. `prices`: `current`, `unavailable` while nobody can say, `not-asked` without a currency."""

    id: str
    items: list[LineView]
    prices: str
    subtotal: MoneyView | None


class LeftOutView(msgspec.Struct):
    """What found no room."""

    sku: str
    quantity: int


class MergeView(msgspec.Struct, rename="camel"):
    """What became of a cart that took over a guest's."""

    cart: CartView
    left_out: list[LeftOutView]


class GuestTokens(Protocol):
    """Tells guests by their tokens."""

    async def verify(self, token: str) -> Principal:
        """Return who the token stands for. Raises NotAuthenticated, Unavailable."""
        ...


@dataclass(frozen=True)
class CartApi:
    """The routes of carts."""

    filling: Filling
    prices: Prices
    guests: GuestTokens

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        cart, reads, writes = "/v1/carts/{cart_id}", Scope(READ), Scope(WRITE)
        return [
            GuardedRoute("/v1/carts", self.open_cart, methods=["POST"], access=writes),
            GuardedRoute(cart, self.show_cart, access=reads),
            GuardedRoute(f"{cart}/items", self.empty_cart, methods=["DELETE"], access=writes),
            GuardedRoute(f"{cart}/items/{{sku}}", self.put_item, methods=["PUT"], access=writes),
            GuardedRoute(f"{cart}/items/{{sku}}", self.remove_item, methods=["DELETE"], access=writes),
            GuardedRoute(f"{cart}/merges", self.merge_carts, methods=["POST"], access=writes),
        ]

    async def open_cart(self, request: Request) -> Response:
        """Say where the caller's cart is. Everybody has one, so this may be asked as often as one likes."""
        query = read_query(request, CartQuery)
        cart = await self.filling.carts.find(caller(request).subject, fresh=False)
        view = await self._view(cart, query)
        return json(view, HTTPStatus.CREATED, headers={"location": f"/v1/carts/{cart.id}", "etag": etag_of(cart.version)})

    async def show_cart(self, request: Request) -> Response:
        """Answer with the caller's cart, at the prices of now."""
        owner, query = _owner(request), read_query(request, CartQuery)
        return await self._answer(await self.filling.carts.find(owner, fresh=False), query)

    async def put_item(self, request: Request) -> Response:
        """Have so many of an article in the cart."""
        owner, query, sku = _owner(request), read_query(request, CartQuery), sku_in_path(request)
        body = await read_body(request, QuantityBody)
        try:
            cart, _ = await asyncio.gather(self.filling.set_quantity(owner, sku, body.quantity), self._asked_early(sku, query))
        except CartFull as full:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The cart is full", kind="cart-full", detail=f"{full}.") from full
        return await self._answer(cart, query)

    async def remove_item(self, request: Request) -> Response:
        """Have none of an article in the cart."""
        owner, query, sku = _owner(request), read_query(request, CartQuery), sku_in_path(request)
        return await self._answer(await self.filling.set_quantity(owner, sku, 0), query)

    async def empty_cart(self, request: Request) -> Response:
        """Have nothing in the cart."""
        owner, query = _owner(request), read_query(request, CartQuery)
        return await self._answer(await self.filling.empty(owner), query)

    async def merge_carts(self, request: Request) -> Response:
        """Take over what is in a guest's cart, whose token the caller holds."""
        owner, query = _owner(request), read_query(request, CartQuery)
        body = await read_body(request, MergeBody)
        try:
            guest = await self.guests.verify(body.guest_token)
        except NotAuthenticated as error:
            fault = FieldFault("$.guestToken", str(error))
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise Problem(status, "The guest's token does not hold", kind="guest-token-not-valid", errors=[fault]) from error
        merged = await self.filling.merge(owner, guest.subject)
        left_out = [LeftOutView(line.sku, line.quantity) for line in merged.left_out]
        view = MergeView(await self._view(merged.cart, query), left_out)
        return json(view, headers={"etag": etag_of(merged.cart.version)})

    async def _answer(self, cart: Cart, query: CartQuery) -> Response:
        return json(await self._view(cart, query), headers={"etag": etag_of(cart.version)})

    async def _view(self, cart: Cart, query: CartQuery) -> CartView:
        if query.currency is None:
            return CartView(cart.id, [_unpriced(line) for line in cart.lines], "not-asked", None)
        prices = await self._prices([line.sku for line in cart.lines], query)
        if prices is None:
            return CartView(cart.id, [_unpriced(line) for line in cart.lines], "unavailable", None)
        return CartView(
            cart.id, [_line(line, prices) for line in cart.lines], "current", _subtotal(cart.lines, prices, query.currency)
        )

    async def _asked_early(self, sku: Sku, query: CartQuery) -> None:
        """Ask what an article costs while it is put into the cart, so that it is known when the cart is shown."""
        with suppress(Refused):  # said when the cart is shown
            await self._prices([sku], query)

    async def _prices(self, skus: Sequence[Sku], query: CartQuery) -> Mapping[str, Price] | None:
        """Return what articles cost; None where nobody asks for it, or nobody can say. Raises Refused."""
        if query.currency is None:
            return None
        try:
            return await self.prices.now(skus, currency=query.currency, country=query.country)
        except Transient:
            return None


def _unpriced(line: Line) -> LineView:
    return LineView(line.sku, line.quantity, None, None)


def _line(line: Line, prices: Mapping[str, Price]) -> LineView:
    price = prices.get(line.sku)
    if price is None:
        return _unpriced(line)
    return LineView(line.sku, line.quantity, MoneyView.of(price.amount), price.tax_included)


def _subtotal(lines: Sequence[Line], prices: Mapping[str, Price], currency: str) -> MoneyView | None:
    """Return what all lines come to; None where an article has no price, for then the cart cannot be bought."""
    if any(line.sku not in prices for line in lines):
        return None
    total = sum(prices[line.sku].amount.minor_units * line.quantity for line in lines)
    return MoneyView.of(Money(currency, total))


def _owner(request: Request) -> str:
    """Return whose cart is asked for: the caller's. Raises Problem 404 for any other one."""
    owner = caller(request).subject
    if request.path_params["cart_id"] != cart_id(owner):
        raise Problem(
            HTTPStatus.NOT_FOUND, "There is no such cart", kind="no-such-cart", detail="POST /v1/carts says which one is yours."
        )
    return owner
