"""What the shop knows of a customer, from all services that know something, and what it keeps of one who is erased.

Each service is asked as the customer who asks, by the routes that customers have: nothing here can see more than they may.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from shop_services.edge.application.callers import Caller
from shop_services.edge.application.ports import Change, ServiceAnswer, Services

SECONDS = 5.0
ORDERS_AT_ONCE = 100


class KeptView(msgspec.Struct, rename="camel"):
    """Something that stays when a customer is erased, and why."""

    what: str
    reason: str


KEPT = (
    KeptView(
        "Orders: articles, amounts, dates and the customer's id, without name, e-mail address or addresses. The card's token, and"
        " what the customer wrote when cancelling, are removed once the order has ended",
        "Books are kept for as long as tax law demands (in Germany ten years: section 147 AO, section 14b UStG)",
    ),
    KeptView(
        "Payments: amounts, dates, the customer's id, refunds with their reasons, and which issuer the card's token names; no card",
        "They are the vouchers of the same books, and a payment can be disputed for months",
    ),
    KeptView(
        "How often each coupon was used by the customer's id",
        "A coupon's limit would begin anew, and the books would not say why less was paid",
    ),
    KeptView(
        "Quotes for a day after they have expired, answers to requests with an Idempotency-Key for a day, and messages between"
        " services for a week: articles, amounts and the customer's id",
        "What is under way is finished, and what comes again has no second effect; then they go by themselves",
    ),
    KeptView(
        "The customer's id, and when they were erased; for 90 days an empty cart",
        "A token that was given before holds for up to 15 minutes: it must not make them a customer again",
    ),
)


class PersonalDataView(msgspec.Struct, rename="camel"):
    """All that there is: the customer, their orders, newest first, their cart, and what would be kept of it."""

    customer: msgspec.Raw
    orders: list[msgspec.Raw]
    cart: msgspec.Raw
    kept_when_erased: tuple[KeptView, ...]


class Refused(Exception):
    """A service refused what was asked of it; `answer` says why."""

    def __init__(self, answer: ServiceAnswer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


class _OrderPage(msgspec.Struct, rename="camel"):
    items: list[msgspec.Raw]
    next_cursor: str | None


@dataclass(frozen=True)
class PersonalData:
    """Asks all services that know something of a customer: all of it or nothing."""

    services: Services

    async def of(self, caller: Caller) -> PersonalDataView:
        """Return what there is. Raises Unavailable when somebody does not answer, Refused."""
        customer = _content(await self.services.identity.get("/v1/customers/me", caller=caller, seconds=SECONDS))
        return PersonalDataView(msgspec.Raw(customer), await self._orders(caller), msgspec.Raw(await self._cart(caller)), KEPT)

    async def erase(self, caller: Caller) -> ServiceAnswer:
        """Have the customer erased and everybody told, who then forget what is theirs to forget. Doing it again changes nothing.

        Raises Unavailable.
        """
        return await self.services.identity.change("/v1/customers/me", Change("DELETE", b"", {}), caller=caller, seconds=SECONDS)

    async def _orders(self, caller: Caller) -> list[msgspec.Raw]:
        found: list[msgspec.Raw] = []
        path = first = f"/v1/orders?limit={ORDERS_AT_ONCE}"
        while True:
            answer = await self.services.orders.get(path, caller=caller, seconds=SECONDS)
            page = msgspec.json.decode(_content(answer), type=_OrderPage)
            found += page.items
            if page.next_cursor is None:
                return found
            path = f"{first}&cursor={quote(page.next_cursor, safe='')}"

    async def _cart(self, caller: Caller) -> bytes:
        return _content(await self.services.cart.change("/v1/carts", Change("POST", b"", {}), caller=caller, seconds=SECONDS))


def _content(answer: ServiceAnswer) -> bytes:
    if answer.status >= 300:
        raise Refused(answer)
    return answer.body
