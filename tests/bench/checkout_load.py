"""Sends orders on a schedule and waits for each to become final: `python -m bench.checkout_load PLAN`. A process of its own.

Open model: orders start when the schedule says, however slow the shop is, and every time counts from that moment. So a shop that
stands still for a second shows up in all orders of that second, not in one.
"""

from __future__ import annotations

import asyncio
import sys
import uuid

import aiohttp
import msgspec

LOOPBACK = "http://127.0.0.1:"
MOST_A_SECOND, MOST_SECONDS = 100.0, 60.0
FINAL = {"completed", "rejected", "cancelled"}
GIVE_UP_SECONDS = 60.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: an order for one of `skus` in turn, `rate` a second, for `seconds`. Raises ValueError when it is unbounded."""

    edge: str
    skus: list[str]
    rate: float
    seconds: float

    def __post_init__(self) -> None:
        if not self.edge.startswith(LOOPBACK):
            raise ValueError(f"load goes to {LOOPBACK}<port> only, not to {self.edge}")
        if not (0 < self.rate <= MOST_A_SECOND and 0 < self.seconds <= MOST_SECONDS):
            raise ValueError(
                f"at most {MOST_A_SECOND:g} orders a second for {MOST_SECONDS:g} s, not {self.rate:g} for {self.seconds:g} s"
            )


class Sent(msgspec.Struct, kw_only=True):
    """An order as its visitor saw it. Times are seconds since it should have been sent; `outcome` is a final status or an error."""

    sku: str
    order_id: str | None = None
    posted: float | None = None
    ended: float | None = None
    outcome: str = "never final"


async def drive(plan: Plan) -> list[Sent]:
    """Send all orders of the plan and return them when each is final or given up."""
    loop = asyncio.get_running_loop()
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        begin = loop.time() + 0.2
        moments = [begin + number / plan.rate for number in range(round(plan.rate * plan.seconds))]
        orders = []
        for number, moment in enumerate(moments):
            await asyncio.sleep(moment - loop.time())
            orders.append(asyncio.create_task(_order(session, plan.edge, plan.skus[number % len(plan.skus)], moment)))
        return await asyncio.gather(*orders)


async def _order(session: aiohttp.ClientSession, edge: str, sku: str, intended: float) -> Sent:
    sent = Sent(sku=sku)
    try:
        async with asyncio.timeout_at(intended + GIVE_UP_SECONDS):
            await _place_and_wait(session, edge, sent, intended)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        sent.outcome = type(error).__name__
    return sent


async def _place_and_wait(session: aiohttp.ClientSession, edge: str, sent: Sent, intended: float) -> None:
    loop = asyncio.get_running_loop()
    body = {"lines": [{"sku": sent.sku, "quantity": 1}], "payment": {"methodToken": "tok_visa"}}
    async with session.post(f"{edge}/v1/orders", json=body, headers={"idempotency-key": str(uuid.uuid4())}) as answer:
        placed = await answer.json()
    sent.posted = loop.time() - intended
    if answer.status != 202:
        sent.outcome = f"HTTP {answer.status}"
        return
    sent.order_id = placed["id"]
    authorization = {"authorization": f"Bearer {placed['guestToken']}"}
    while True:
        async with session.get(f"{edge}/v1/orders/{sent.order_id}?wait=20", headers=authorization) as answer:
            order = await answer.json()
        if answer.status != 200 or order["status"] in FINAL:
            sent.outcome = order["status"] if answer.status == 200 else f"HTTP {answer.status}"
            sent.ended = loop.time() - intended
            return


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(drive(msgspec.json.decode(sys.argv[1], type=Plan)))))
