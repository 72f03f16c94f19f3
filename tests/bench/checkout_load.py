"""Sends orders on a schedule and waits for each to become final: `python -m bench.checkout_load PLAN`. A process of its own.

Open model: orders start when the schedule says, however slow the shop is, and every time counts from that moment. So a shop that
stands still for a second shows up in all orders of that second, not in one.
"""

from __future__ import annotations

import asyncio
import random
import sys
import uuid
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

LOOPBACK = "http://127.0.0.1:"
MOST_A_SECOND, MOST_SECONDS = 100.0, 3600.0
FINAL = {"completed", "rejected", "cancelled"}
AWAY = {429, 502, 503, 504}
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 8.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: a checkout of one of `skus` in turn, `rate` a second, for `seconds`. Raises ValueError when it is unbounded.

    Each asks for a quote and orders at once what was quoted. It is paid with one of `cards` in turn, and followed for
    `patience_seconds`. Every `cancels_every`th is cancelled at once (0: none). Who `tries_again` sends the same request until the
    shop answers it, with pauses that double.
    """

    edge: str
    skus: list[str]
    rate: float
    seconds: float
    cards: Sequence[str] = ("tok_visa",)
    cancels_every: int = 0
    patience_seconds: float = 60.0
    tries_again: bool = False

    def __post_init__(self) -> None:
        if not self.edge.startswith(LOOPBACK):
            raise ValueError(f"load goes to {LOOPBACK}<port> only, not to {self.edge}")
        if not (0 < self.rate <= MOST_A_SECOND and 0 < self.seconds <= MOST_SECONDS):
            raise ValueError(
                f"at most {MOST_A_SECOND:g} orders a second for {MOST_SECONDS:g} s, not {self.rate:g} for {self.seconds:g} s"
            )


class Sent(msgspec.Struct, kw_only=True):
    """A checkout as its visitor saw it. Times are seconds since it should have been sent, which is `due` on the machine's monotonic
    clock; `outcome` is a final status or an error, `reason` why the shop rejected it."""

    sku: str
    due: float
    order_id: str | None = None
    quoted: float | None = None
    posted: float | None = None
    ended: float | None = None
    outcome: str = "never final"
    reason: str | None = None


async def drive(plan: Plan, *, enough: asyncio.Event | None = None) -> list[Sent]:
    """Send all orders of the plan, or as many as come before it is `enough`; return them when each is final or given up."""
    loop = asyncio.get_running_loop()
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        begin = loop.time() + 0.2
        orders = []
        for number in range(round(plan.rate * plan.seconds)):
            due = begin + number / plan.rate
            await asyncio.sleep(due - loop.time())
            if enough is not None and enough.is_set():
                break
            orders.append(asyncio.create_task(_Visit(session, plan, number, due).lasts()))
        return await asyncio.gather(*orders)


class _Visit:
    """One visitor with one order."""

    def __init__(self, session: aiohttp.ClientSession, plan: Plan, number: int, due: float) -> None:
        self._session = session
        self._plan = plan
        self._card = plan.cards[number % len(plan.cards)]
        self._cancels = plan.cancels_every > 0 and number % plan.cancels_every == 0
        self._sent = Sent(sku=plan.skus[number % len(plan.skus)], due=due)

    async def lasts(self) -> Sent:
        try:
            async with asyncio.timeout_at(self._sent.due + self._plan.patience_seconds):
                await self._places_and_waits()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._sent.outcome = type(error).__name__
        return self._sent

    async def _places_and_waits(self) -> None:
        sent, orders = self._sent, f"{self._plan.edge}/v1/orders"
        cart = {"lines": [{"sku": sent.sku, "quantity": 1}], "currency": "EUR", "country": "DE", "shippingMethod": "standard"}
        status, quote = await self._asks("POST", f"{self._plan.edge}/v1/quotes", cart, {})
        sent.quoted = self._since_due()
        if status != 201:
            sent.outcome = f"HTTP {status} for a quote"
            return
        body = {"quote": quote["token"], "payment": {"methodToken": self._card}}
        status, placed = await self._asks("POST", orders, body, {})
        sent.posted = self._since_due()
        if status != 202:
            sent.outcome = f"HTTP {status}"
            return
        sent.order_id = placed["id"]
        authorization = {"authorization": f"Bearer {placed['guestToken']}"}
        if self._cancels:
            await self._asks("POST", f"{orders}/{sent.order_id}/cancellations", {"reason": "changed my mind"}, authorization)
        while True:
            status, order = await self._asks("GET", f"{orders}/{sent.order_id}?wait=20", None, authorization)
            if status != 200 or order["status"] in FINAL:
                sent.outcome = order["status"] if status == 200 else f"HTTP {status}"
                sent.reason = order.get("rejection", {}).get("reason")
                sent.ended = self._since_due()
                return

    async def _asks(self, method: str, url: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        headers = headers if body is None else {**headers, "idempotency-key": str(uuid.uuid4())}
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._session.request(method, url, json=body, headers=headers) as answer:
                    if answer.status not in AWAY or not self._plan.tries_again:
                        return answer.status, await answer.json()
            except (aiohttp.ClientError, TimeoutError, OSError):
                if not self._plan.tries_again:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _since_due(self) -> float:
        return asyncio.get_running_loop().time() - self._sent.due


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(drive(msgspec.json.decode(sys.argv[1], type=Plan)))))
