"""What is promised of carts: in memory, in DynamoDB, and with Redis before it, which may go at any time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from fakes.bare_platform import bare_resources, make_table
from fakes.link import Link
from shop_kit import redis
from shop_kit.aggregates.deciding import Stale
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo, Put
from shop_kit.clock import Clock
from shop_kit.errors import Unavailable
from shop_kit.settings import AwsSettings, read_settings
from shop_kit.shared_kernel import Sku
from shop_kit.testing.clock import HandClock
from shop_services.cart.adapters.cached_carts import CachedCarts
from shop_services.cart.adapters.cart_table import KEPT_SECONDS, DynamoCarts
from shop_services.cart.adapters.in_memory import InMemoryCarts
from shop_services.cart.application.filling import Filling
from shop_services.cart.application.ports import CartRepository
from shop_services.cart.domain.cart import Cart

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
MUG, LAMP = Sku("mug"), Sku("lamp")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with bare_resources(tmp_path_factory.mktemp("stores"), ("aws", "redis")) as found:
        yield found


@dataclass
class Stores:
    """A table of carts, and a link to a Redis."""

    dynamo: Dynamo
    table: str
    redis_url: str
    """Through `link`, which can be cut."""
    link: Link
    clock: Clock
    entered: AsyncExitStack

    def stored(self) -> DynamoCarts:
        return DynamoCarts(self.dynamo, table=self.table, clock=self.clock)

    async def instance(self) -> CachedCarts:
        """Carts as one more process of the service has them."""
        client = await self.entered.enter_async_context(redis.connect(self.redis_url, name="test", answer_seconds=2.0))
        return CachedCarts(self.stored(), client, prefix=self.table)


@pytest.fixture
async def stores(environment: Mapping[str, str]) -> AsyncIterator[Stores]:
    aws, redis_url = read_settings(AwsSettings, environment), environment["REDIS_URL"]
    port = urlsplit(redis_url).port or 0
    async with AwsClient.connect(aws) as client, Link.to(port) as link, AsyncExitStack() as entered:
        table = f"carts-{uuid.uuid4().hex[:8]}"
        await make_table(client, table, "id")
        yield Stores(Dynamo(client), table, redis_url.replace(f":{port}", f":{link.port}"), link, HandClock(), entered)


@pytest.fixture(params=["memory", "table", "cached"])
async def carts(request: pytest.FixtureRequest, stores: Stores) -> CartRepository:
    if request.param == "memory":
        return InMemoryCarts()
    return stores.stored() if request.param == "table" else await stores.instance()


def quantities(cart: Cart) -> dict[str, int]:
    return {str(line.sku): line.quantity for line in cart.lines}


async def test_a_cart_is_found_as_it_was_written(carts: CartRepository) -> None:
    filling = Filling(carts)
    await filling.set_quantity("ann", MUG, 2)
    await filling.set_quantity("ann", LAMP, 1)

    for fresh in (True, False):
        assert quantities(await carts.find("ann", fresh=fresh)) == {"mug": 2, "lamp": 1}
        assert quantities(await carts.find("bob", fresh=fresh)) == {}


async def test_of_two_who_decide_on_the_same_cart_one_is_told(carts: CartRepository) -> None:
    seen = await carts.find("ann", fresh=True)
    await carts.save(seen.with_quantity(MUG, 1))

    with pytest.raises(Stale):
        await carts.save(seen.with_quantity(LAMP, 1))


async def test_two_carts_are_written_both_or_neither(carts: CartRepository) -> None:
    ann, guest = await carts.find("ann", fresh=True), await carts.find("guest", fresh=True)
    await carts.save(guest.with_quantity(MUG, 1))

    with pytest.raises(Stale):
        await carts.save(ann.with_quantity(LAMP, 1), guest.with_quantity(LAMP, 1))
    assert quantities(await carts.find("ann", fresh=True)) == {}


async def test_many_articles_at_once_are_all_in_the_cart(carts: CartRepository) -> None:
    filling = Filling(carts)
    await asyncio.gather(*(filling.set_quantity("ann", Sku(f"sku-{number}"), 1) for number in range(5)))

    assert len((await carts.find("ann", fresh=True)).lines) == 5


async def test_merging_twice_at_once_moves_everything_once(carts: CartRepository) -> None:
    filling = Filling(carts)
    await filling.set_quantity("guest", MUG, 2)
    await asyncio.gather(filling.merge("ann", "guest"), filling.merge("ann", "guest"))

    assert quantities(await carts.find("ann", fresh=True)) == {"mug": 2}
    assert quantities(await carts.find("guest", fresh=True)) == {}


async def test_a_cart_outlives_redis_and_goes_on_without_it(stores: Stores) -> None:
    carts = await stores.instance()
    filling = Filling(carts)
    await filling.set_quantity("ann", MUG, 2)
    assert await carts._cached("ann") is not None
    stores.link.cut()
    assert await carts._cached("ann") is None

    assert quantities(await carts.find("ann", fresh=False)) == {"mug": 2}
    await filling.set_quantity("ann", LAMP, 1)
    assert quantities(await carts.find("ann", fresh=False)) == {"mug": 2, "lamp": 1}


async def test_what_was_changed_without_redis_is_shown_when_it_is_back(stores: Stores) -> None:
    carts = await stores.instance()
    filling = Filling(carts)
    await filling.set_quantity("ann", MUG, 2)
    stores.link.cut()
    await filling.set_quantity("ann", MUG, 5)
    await stores.link.mend()

    assert quantities(await carts.find("ann", fresh=False)) == {"mug": 5}


async def test_a_change_whose_answer_was_lost_is_shown(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    carts = await stores.instance()
    await Filling(carts).set_quantity("ann", MUG, 2)
    write = stores.dynamo.write

    async def loses(put: Put) -> None:
        await write(put)
        raise Unavailable("aws dynamodb", "the answer was lost")

    monkeypatch.setattr(stores.dynamo, "write", loses)
    with pytest.raises(Unavailable):
        await Filling(carts).set_quantity("ann", MUG, 5)

    assert quantities(await carts.find("ann", fresh=False)) == {"mug": 5}


async def test_another_instance_that_saw_an_old_cart_decides_on_the_true_one(stores: Stores) -> None:
    here, there = await stores.instance(), await stores.instance()
    await Filling(here).set_quantity("ann", MUG, 2)
    await Filling(stores.stored()).set_quantity("ann", LAMP, 1)  # a change that Redis was never told of
    assert quantities(await there.find("ann", fresh=False)) == {"mug": 2}

    await Filling(there).set_quantity("ann", MUG, 2)
    assert quantities(await stores.stored().find("ann")) == {"mug": 2, "lamp": 1}
    assert quantities(await here.find("ann", fresh=False)) == {"mug": 2, "lamp": 1}


async def test_who_comes_late_with_an_old_cart_does_not_hide_the_new_one(stores: Stores) -> None:
    carts = await stores.instance()
    old = await Filling(carts).set_quantity("ann", MUG, 1)
    await Filling(carts).set_quantity("ann", MUG, 2)
    await carts._keep(old)

    assert quantities(await carts.find("ann", fresh=False)) == {"mug": 2}


async def test_a_cart_that_nobody_touched_for_long_is_empty_and_can_be_filled_again(stores: Stores) -> None:
    filling = Filling(stores.stored())
    await filling.set_quantity("ann", MUG, 1)
    assert isinstance(stores.clock, HandClock)
    stores.clock.pass_by(KEPT_SECONDS + 1)
    assert quantities(await stores.stored().find("ann")) == {}

    assert quantities(await filling.set_quantity("ann", LAMP, 1)) == {"lamp": 1}
