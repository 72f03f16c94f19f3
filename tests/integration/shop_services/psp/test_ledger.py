"""The provider's ledger: the same in memory and in Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from fakes.bare_platform import bare_redis
from fakes.provider_ledger import InMemoryLedger
from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money
from shop_services.psp.adapters.ledger import RedisLedger
from shop_services.psp.application.ports import Ledger
from shop_services.psp.domain.charge import CLOSED, Charge, Refund, charge

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
EUROS = Money("EUR", 5000)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield InMemoryLedger()
        return
    async with RedisLedger.connect(request.getfixturevalue("redis_url"), prefix=uuid.uuid4().hex) as ledger:
        yield ledger


def made(charge_id: str, reference: str = "o1") -> Charge:
    return charge(charge_id, reference, EUROS, "tok_visa")


async def test_a_charge_is_kept_once_whoever_asks_again(ledger: Ledger) -> None:
    assert await ledger.add(made("c1")) == made("c1")
    assert await ledger.add(made("c1", "o2")) == made("c1")
    assert await ledger.find("c1") == made("c1")
    assert await ledger.find("c2") is None
    assert await ledger.of_reference("o2") == []


async def test_a_charge_is_kept_as_it_has_become(ledger: Ledger) -> None:
    await ledger.add(made("c1"))
    refunded = made("c1").captured().refunded("r1", Money("EUR", 100))
    await ledger.put(refunded)

    assert await ledger.find("c1") == refunded


async def test_the_charges_of_a_reference_are_found(ledger: Ledger) -> None:
    for charge_id, reference in (("c2", "o1"), ("c1", "o1"), ("c3", "o2")):
        await ledger.add(made(charge_id, reference))

    assert [one.id for one in await ledger.of_reference("o1")] == ["c1", "c2"]
    assert await ledger.of_reference("o9") == []


async def test_a_stand_in_that_starts_again_knows_every_charge(redis_url: str) -> None:
    prefix, refused = uuid.uuid4().hex, Refund("r1", EUROS, CLOSED)
    async with RedisLedger.connect(redis_url, prefix=prefix) as before:
        kept = await before.add(replace(made("c1"), refunds=(refused,)))
    async with RedisLedger.connect(redis_url, prefix=prefix) as after:
        assert await after.find("c1") == kept
        assert await after.add(made("c1")) == kept


async def test_however_many_ask_at_once_each_is_answered(ledger: Ledger) -> None:
    await ledger.add(made("c1"))

    found = await asyncio.gather(*(ledger.of_reference("o1") for _ in range(300)))

    assert found == [[made("c1")]] * 300


async def test_without_redis_the_ledger_is_away_and_not_empty() -> None:
    async with RedisLedger.connect("redis://127.0.0.1:1/0") as ledger:
        for asked in (ledger.find("c1"), ledger.of_reference("o1"), ledger.add(made("c1")), ledger.put(made("c1"))):
            with pytest.raises(Unavailable):
                await asked
