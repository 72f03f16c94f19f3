"""Orders over HTTP. Callers are customers, known by the internal token that the edge signs; each sees only what is theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Protocol

import msgspec
from shop_kit import context, idempotency
from shop_kit.errors import Unavailable
from shop_kit.http import FieldFault, GuardedRoute, Problem, Scope, caller, json, read_body, read_query
from shop_kit.http.cursors import cursor_of, no_such_cursor, read_cursor
from shop_kit.http.idempotency import once
from shop_kit.http.values import MoneyView
from starlette.requests import Request
from starlette.responses import Response

from shop_services.orders.adapters.identifiers import is_order_id
from shop_services.orders.application.checkout import OrderNotFound, PlaceOrder, cancel_order, place_order
from shop_services.orders.application.ports import (
    Clock,
    NewOrderId,
    OrderRepository,
    OrderSummary,
    PageKey,
    QuoteAlreadyUsed,
    QuoteExpired,
    QuoteNotValid,
    QuoteRefused,
    Quotes,
)
from shop_services.orders.application.waiting import EndedOrders
from shop_services.orders.domain.checkout import AlreadyEnded
from shop_services.orders.domain.order import Cancellation, Order, Rejection, Stage
from shop_services.orders.domain.quote import Quote

PLACE, READ, CANCEL = "orders:place", "orders:read", "orders:cancel"

# The pattern keeps card numbers out: only what a payment provider has issued begins with `tok_`.
MethodToken = Annotated[str, msgspec.Meta(pattern=r"^tok_[A-Za-z0-9_]{1,60}\Z")]

# A JWT: https://www.rfc-editor.org/rfc/rfc7519#section-3
QuoteToken = Annotated[str, msgspec.Meta(max_length=65_536, pattern=r"^[\w-]+\.[\w-]+\.[\w-]+\Z")]


class PaymentBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """How the customer pays."""

    method_token: MethodToken


class PlaceOrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a customer orders: what a quote says, at its price. There is no line and no price here that a client could name."""

    quote: QuoteToken
    payment: PaymentBody


class CancellationBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a customer cancels."""

    # PostgreSQL keeps every character but this one.
    reason: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*\Z")] = ""


class OneOrderQuery(msgspec.Struct):
    """How many seconds the answer may wait for the order to end."""

    wait: Annotated[float, msgspec.Meta(ge=0, le=25)] = 0


class OrdersQuery(msgspec.Struct):
    """Which part of a customer's orders is wanted."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=400)] | None = None


class LineView(msgspec.Struct, rename="camel"):
    """An article, how many of it, and what all of them cost. `tax` is the tax in `total`."""

    sku: str
    quantity: int
    unit_price: MoneyView
    discount: MoneyView
    tax: MoneyView
    total: MoneyView


class ShippingView(msgspec.Struct):
    """The way to the customer, and what it costs."""

    method: str
    price: MoneyView
    discount: MoneyView
    tax: MoneyView
    total: MoneyView


class RejectionView(msgspec.Struct):
    """Why the shop ended the order: a stable reason, and a sentence."""

    reason: str
    explanation: str


class CancellationView(msgspec.Struct):
    """Why the customer ended the order."""

    reason: str


class OrderView(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """An order as its customer sees it: lines and amounts are those of its quote."""

    id: str
    status: str
    quote_id: str
    country: str
    tax_included: bool
    lines: list[LineView]
    shipping: ShippingView
    coupon_codes: list[str]
    subtotal: MoneyView
    discount: MoneyView
    tax: MoneyView
    total: MoneyView
    created_at: datetime
    updated_at: datetime
    rejection: RejectionView | None = None
    cancellation: CancellationView | None = None
    refund_owed: MoneyView | None = None
    """What was taken and could not be given back yet; a person sees to it."""


class SummaryView(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """An order in a list."""

    id: str
    status: str
    created_at: datetime
    updated_at: datetime
    total: MoneyView


class OrderPage(msgspec.Struct, rename="camel"):
    """A part of a customer's orders; `next_cursor` asks for the next, None after the last."""

    items: list[SummaryView]
    next_cursor: str | None


Work = Callable[[OrderRepository], Awaitable[Order]]
Respond = Callable[[Order], idempotency.Answer]


class Orders(Protocol):
    """The orders, as requests meet them."""

    async def answer(self, claim: idempotency.Claim, work: Work, respond: Respond) -> idempotency.Answer:
        """Do `work` and keep its answer with its effect. Raises AnsweredBefore when this very request was answered before."""
        ...

    async def answer_kept(self, claim: idempotency.Claim) -> idempotency.Answer | None:
        """Return the answer that was given to this very request before, if any. Raises KeyReused."""
        ...

    async def read(self, order_id: str) -> Order | None:
        """Return an order as it is."""
        ...

    async def list_orders(self, customer_id: str, *, limit: int, behind: PageKey | None) -> Sequence[OrderSummary]:
        """Return a customer's orders, newest first."""
        ...


@dataclass(frozen=True)
class OrdersApi:
    """The routes of orders."""

    orders: Orders
    quotes: Quotes
    ended: EndedOrders
    clock: Clock
    new_order_id: NewOrderId

    def routes(self) -> list[GuardedRoute]:
        """Return what a service mounts."""
        return [
            GuardedRoute("/v1/orders", self.place, methods=["POST"], access=Scope(PLACE)),
            GuardedRoute("/v1/orders", self.list_own, access=Scope(READ)),
            GuardedRoute("/v1/orders/{order_id}", self.show, access=Scope(READ)),
            GuardedRoute("/v1/orders/{order_id}/cancellations", self.cancel, methods=["POST"], access=Scope(CANCEL)),
        ]

    async def place(self, request: Request) -> Response:
        """Accept an order: 202, and its place to look for it."""
        customer_id = caller(request).subject
        body = await read_body(request, PlaceOrderBody)

        async def answer(claim: idempotency.Claim) -> idempotency.Answer:
            wish = PlaceOrder(customer_id, await self._quote(body.quote, customer_id, claim), body.payment.method_token)

            async def work(orders: OrderRepository) -> Order:
                return await place_order(wish, orders=orders, clock=self.clock, new_order_id=self.new_order_id)

            return await self.orders.answer(claim, work, _accepted)

        try:
            return await once(request, answer)
        except QuoteAlreadyUsed as used:
            raise Problem(409, "This quote has become an order", kind="quote-already-used", detail=f"{used}.") from used
        except QuoteExpired as expired:
            raise _refused_quote("quote-expired", "The quote has expired", expired) from expired
        except QuoteNotValid as refused:
            raise _refused_quote("quote-not-valid", "The quote is not valid", refused) from refused

    async def _quote(self, token: str, customer_id: str, claim: idempotency.Claim) -> Quote:
        """Return the quote. Whoever repeats a request that was answered is answered again, also after its quote has expired."""
        try:
            return await self.quotes.read(token, customer_id=customer_id)
        except (QuoteRefused, Unavailable):
            kept = await self.orders.answer_kept(claim)
            if kept is None:
                raise
            raise idempotency.AnsweredBefore(kept) from None

    async def cancel(self, request: Request) -> Response:
        """Accept a cancellation: 202; the order is `cancelled` once everything is undone."""
        customer_id = caller(request).subject
        body = await read_body(request, CancellationBody)
        order_id = _order_id(request)

        async def work(orders: OrderRepository) -> Order:
            withdrawn = await cancel_order(
                order_id, customer_id=customer_id, explanation=body.reason, orders=orders, clock=self.clock
            )
            self.ended.announce(withdrawn)
            return withdrawn

        with context.bind(order_id=order_id):
            return await self._once(request, work)

    async def show(self, request: Request) -> Response:
        """Answer with the caller's order; with `wait`, as soon as it is final or the time is over."""
        customer_id = caller(request).subject
        query = read_query(request, OneOrderQuery)
        order_id = _order_id(request)

        async def look() -> Order | None:
            order = await self.orders.read(order_id)
            return order if order is not None and order.customer_id == customer_id else None

        with context.bind(order_id=order_id):
            order = await self.ended.wait(order_id, look=look, seconds=query.wait)
            if order is None:
                raise _no_such_order(order_id)
            return json(view(order))

    async def list_own(self, request: Request) -> Response:
        """Answer with a page of the caller's orders, newest first."""
        customer_id = caller(request).subject
        query = read_query(request, OrdersQuery)
        behind = _read_cursor(query.cursor) if query.cursor else None
        found = await self.orders.list_orders(customer_id, limit=query.limit + 1, behind=behind)
        items = found[: query.limit]
        next_cursor = _cursor(items[-1]) if len(found) > query.limit else None
        return json(OrderPage([_summary_view(item) for item in items], next_cursor))

    async def _once(self, request: Request, work: Work) -> Response:
        try:
            return await once(request, lambda claim: self.orders.answer(claim, work, _accepted))
        except OrderNotFound as missing:
            raise _no_such_order(missing.order_id) from missing
        except AlreadyEnded as ended:
            raise Problem(409, "The order cannot be cancelled any more", kind="order-already-ended", detail=str(ended)) from ended


def status_of(stage: Stage) -> str:
    """Return what a customer is told of a stage: pending, completed, rejected or cancelled."""
    return stage.value if stage.is_final else "pending"


def view(order: Order) -> OrderView:
    """Return an order as its customer sees it."""
    quote = order.quote
    money = partial(MoneyView, quote.currency)
    return OrderView(
        id=order.id,
        status=status_of(order.stage),
        quote_id=quote.id,
        country=quote.country,
        tax_included=quote.tax_included,
        lines=[
            LineView(line.sku, line.quantity, money(line.unit_price), money(line.discount), money(line.tax), money(line.total))
            for line in quote.lines
        ],
        shipping=ShippingView(
            quote.shipping.method,
            money(quote.shipping.price),
            money(quote.shipping.discount),
            money(quote.shipping.tax),
            money(quote.shipping.total),
        ),
        coupon_codes=list(quote.coupons),
        subtotal=money(quote.subtotal),
        discount=money(quote.discount),
        tax=money(quote.tax),
        total=money(quote.total),
        created_at=order.accepted_at,
        updated_at=order.updated_at,
        rejection=RejectionView(order.ending.reason.value, order.ending.explanation)
        if isinstance(order.ending, Rejection)
        else None,
        cancellation=CancellationView(order.ending.explanation) if isinstance(order.ending, Cancellation) else None,
        refund_owed=MoneyView.of(order.refund_owed) if order.refund_owed else None,
    )


def _summary_view(order: OrderSummary) -> SummaryView:
    return SummaryView(
        id=order.id,
        status=status_of(order.stage),
        created_at=order.accepted_at,
        updated_at=order.updated_at,
        total=MoneyView.of(order.total),
    )


def _accepted(order: Order) -> idempotency.Answer:
    return idempotency.Answer(202, msgspec.json.encode(view(order)), {"location": f"/v1/orders/{order.id}"})


def _order_id(request: Request) -> str:
    order_id: str = request.path_params["order_id"]
    if not is_order_id(order_id):
        raise _no_such_order(order_id)
    return order_id


def _no_such_order(order_id: str) -> Problem:
    return Problem(404, "There is no such order", kind="order-not-found", detail=f"You have no order {order_id}.")


def _refused_quote(kind: str, title: str, refused: QuoteRefused) -> Problem:
    fault = FieldFault("$.quote", str(refused))
    return Problem(422, title, kind=kind, detail=f"{title}. Ask for a new one: POST /v1/quotes.", errors=[fault])


def _cursor(last: OrderSummary) -> str:
    return cursor_of({"at": last.accepted_at.isoformat(), "id": last.id})


def _read_cursor(cursor: str) -> PageKey:
    found = read_cursor(cursor)
    try:
        moment, order_id = str(found["at"]), str(found["id"])
        accepted_at = datetime.fromisoformat(moment)
        is_ours = accepted_at.tzinfo is not None and accepted_at.astimezone(UTC).isoformat() == moment and is_order_id(order_id)
    except (KeyError, ValueError, OverflowError):
        is_ours = False
    if not is_ours:
        raise no_such_cursor()
    return PageKey(accepted_at, order_id)
