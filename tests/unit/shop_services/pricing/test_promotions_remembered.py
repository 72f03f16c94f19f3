"""Promotions that every quote asks for, and that are read now and then."""

from __future__ import annotations

import asyncio
from typing import cast

from fakes.model_aws import ModelAws
from fakes.virtual_time import in_virtual_time
from shop_kit.idempotency.dynamo import DynamoIdempotency
from shop_kit.outbox.dynamo import DynamoOutbox
from shop_kit.service import TableStore
from shop_services.pricing.adapters.promotion_repositories import DynamoPromotions
from shop_services.pricing.domain.promotions import Percentage, Promotion


def a_promotion(name: str) -> Promotion:
    return Promotion(name, name, Percentage(10))


class Pricing:
    """Instances on one table."""

    def __init__(self) -> None:
        self.aws = ModelAws()
        self.aws.model.make("pricing", "pk", "sk")

    def instance(self) -> DynamoPromotions:
        none = cast("DynamoOutbox", None), cast("DynamoIdempotency", None)  # promotions are announced to nobody
        return DynamoPromotions(TableStore("pricing", self.aws.dynamo(), *none))

    @property
    def reads(self) -> int:
        return self.aws.operations.count("Query")


async def ids(promotions: DynamoPromotions) -> list[str]:
    return [one.id for one in await promotions.all()]


def test_many_quotes_in_a_second_cost_one_read() -> None:
    pricing = Pricing()

    async def story() -> None:
        here = pricing.instance()
        for _ in range(20):
            assert await ids(here) == []

    in_virtual_time(story())
    assert pricing.reads == 1


def test_what_is_set_here_counts_at_once_and_what_is_set_elsewhere_after_a_second() -> None:
    pricing = Pricing()

    async def story() -> None:
        here, there = pricing.instance(), pricing.instance()
        assert (await ids(here), await ids(there)) == ([], [])
        await here.save(a_promotion("autumn"))

        assert (await ids(here), await ids(there)) == (["autumn"], [])
        await asyncio.sleep(1.0)
        assert await ids(there) == ["autumn"]

    in_virtual_time(story())


def test_what_was_read_before_a_write_is_not_remembered_behind_it() -> None:
    pricing = Pricing()

    async def story() -> None:
        here = pricing.instance()
        reading = asyncio.ensure_future(here.all())
        await asyncio.sleep(0)  # it is on its way
        await here.save(a_promotion("autumn"))
        await reading

        assert await ids(here) == ["autumn"]

    in_virtual_time(story())
