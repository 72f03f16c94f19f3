"""Parts of the shop are killed and paused at random, some while others are still down: nothing is lost."""

from __future__ import annotations

import asyncio

import pytest
from bench.checkout_load import Plan, Sent, drive
from e2e.books import wrong_in_the_books
from e2e.random_faults import Fault, strike
from e2e.shop import Shop

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STOCK = 100
FAULTS = (
    Fault("aws", "kill", after_seconds=1.0),
    Fault("inventory", "kill", after_seconds=0.3),
    Fault("postgres", "pause", after_seconds=1.5, seconds=2.0),
    Fault("kafka", "kill", after_seconds=0.2),
    Fault("payments", "pause", after_seconds=1.0, seconds=3.0),
    Fault("schema-registry", "kill", after_seconds=0.5),
)


def test_parts_killed_and_paused_while_others_are_down_lose_nothing(shop: Shop) -> None:
    put_aside = shop.dead_letters()
    stocked = {shop.new_article(stock=STOCK): STOCK, shop.new_article(stock=5): 5}
    plan = Plan(
        edge=shop.endpoints["edge"],
        skus=list(stocked),
        rate=6,
        seconds=10,
        cards=["tok_visa", "tok_visa", "tok_visa", "tok_declined", "tok_visa"],
        cancels_every=7,
        patience_seconds=200,
        tries_again=True,
    )

    sent = asyncio.run(_while_parts_fail(shop, plan))

    assert {one.outcome for one in sent} >= {"completed", "rejected"}
    assert wrong_in_the_books(shop, stocked, sent, put_aside=put_aside) == []


async def _while_parts_fail(shop: Shop, plan: Plan) -> list[Sent]:
    async with asyncio.TaskGroup() as both:
        sent = both.create_task(drive(plan))
        both.create_task(strike(shop.sandbox, FAULTS))
    return sent.result()
