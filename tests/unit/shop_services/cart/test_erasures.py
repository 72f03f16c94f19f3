"""Carts of customers who are erased."""

from __future__ import annotations

import pytest
from shop_contracts.proto.identity.v1.customers_pb2 import CustomerEvent
from shop_kit.messages import outgoing
from shop_kit.shared_kernel import Sku
from shop_kit.testing.event_log import received
from shop_services.cart.adapters.erasures import CUSTOMERS_TOPIC, erasures
from shop_services.cart.adapters.in_memory import InMemoryCarts
from shop_services.cart.application.filling import Filling
from shop_services.cart.domain.cart import Line

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def filling() -> Filling:
    found = Filling(InMemoryCarts())
    for owner in ("ann", "bob"):
        await found.set_quantity(owner, Sku("mug"), 2)
    return found


async def hear(filling: Filling, customer_id: str, kind: str) -> None:
    event = CustomerEvent(customer_id=customer_id, version=2)
    getattr(event, kind).SetInParent()
    told = outgoing(CUSTOMERS_TOPIC, customer_id, event, source="/shop/identity", sequence=2)
    await erasures(filling).handle(received(told, CustomerEvent))


async def lines(filling: Filling, owner: str) -> tuple[Line, ...]:
    return (await filling.carts.find(owner, fresh=True)).lines


async def test_the_cart_of_who_is_erased_is_emptied_and_nobody_elses(filling: Filling) -> None:
    await hear(filling, "ann", "customer_erased")
    await hear(filling, "ann", "customer_erased")

    assert await lines(filling, "ann") == ()
    assert await lines(filling, "bob") == (Line(Sku("mug"), 2),)


async def test_a_customer_who_changes_keeps_their_cart(filling: Filling) -> None:
    await hear(filling, "ann", "customer_changed")

    assert await lines(filling, "ann") == (Line(Sku("mug"), 2),)
