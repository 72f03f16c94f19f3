"""What the AWS emulator can do at most, measured by asking it as fast as it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shop_kit.aws.client import AwsClient
from shop_kit.errors import KitError
from shop_kit.settings import AwsSettings, read_settings

_ASKED_SECONDS = 1.5
_AT_ONCE = 8
_VERSION = "1.0"


def ceiling(environment: Mapping[str, str], tables: tuple[str, ...]) -> float | None:
    """Return how many `GetItem` a second the emulator answers on one of these tables; None where it cannot be asked."""
    if not tables or "AWS_ENDPOINT_URL" not in environment:
        return None
    try:
        return asyncio.run(_measured(read_settings(AwsSettings, environment), tables[0]))
    except KitError:
        return None


async def _measured(settings: AwsSettings, table: str) -> float:
    async with AwsClient.connect(settings) as client:
        asked = {"TableName": table, "Key": await _any_key(client, table)}
        loop = asyncio.get_running_loop()
        begin = loop.time()

        async def ask() -> int:
            answered = 0
            while loop.time() < begin + _ASKED_SECONDS:
                await client.call("dynamodb", "DynamoDB_20120810", "GetItem", asked, version=_VERSION)
                answered += 1
            return answered

        answered = sum(await asyncio.gather(*(ask() for _ in range(_AT_ONCE))))
        return answered / (loop.time() - begin)


async def _any_key(client: AwsClient, table: str) -> dict[str, Any]:
    """A key that nothing has, of the form that the table wants."""
    told = await client.call("dynamodb", "DynamoDB_20120810", "DescribeTable", {"TableName": table}, version=_VERSION)
    kinds = {one["AttributeName"]: one["AttributeType"] for one in told["Table"]["AttributeDefinitions"]}
    return {one["AttributeName"]: {kinds[one["AttributeName"]]: "0"} for one in told["Table"]["KeySchema"]}
