"""The tables, queues and buckets of the sandbox's AWS account, with how much is in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from shop_sandbox.health.aws import PROBE_TABLE
from shop_sandbox.provision.aws_api import Aws, AwsAccount, AwsRefused, AwsUnreachable, xml_values

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.stores.aws_session import open_session

COUNTED_UP_TO = 20_000
"""Beyond so many objects a bucket is not listed to its end: S3 gives a thousand at a time."""

T = TypeVar("T")


@dataclass(frozen=True)
class DynamoTable:
    """A DynamoDB table, and how many items are in it."""

    name: str
    items: int


@dataclass(frozen=True)
class QueueFacts:
    """An SQS queue: messages that wait, that somebody has received and not deleted yet, and that are due later.

    `dead_letters_to` names the queue that takes what it gives up.
    """

    name: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters_to: str | None


@dataclass(frozen=True)
class BucketFacts:
    """An S3 bucket. `is_exact` is False where there are more objects than were counted."""

    name: str
    objects: int
    stored_bytes: int
    is_exact: bool


def dynamo_tables(environment: Mapping[str, str]) -> list[DynamoTable]:
    """Return the account's DynamoDB tables but for the one of the sandbox's own probe. Raises ShopDevError (store_away)."""
    return _asked(environment, _dynamo_tables)


def drop_tables(environment: Mapping[str, str], names: Iterable[str]) -> None:
    """Remove DynamoDB tables; one that is not there is no fault. Raises ShopDevError (store_away)."""

    async def drop(aws: Aws) -> None:
        for name in names:
            try:
                await aws.json("dynamodb", "DeleteTable", {"TableName": name})
            except AwsRefused as error:
                if error.code != "ResourceNotFoundException":
                    raise

    _asked(environment, drop)


def queues(environment: Mapping[str, str]) -> list[QueueFacts]:
    """Return the account's SQS queues. Raises ShopDevError (store_away)."""
    return _asked(environment, _queues)


def buckets(environment: Mapping[str, str]) -> list[BucketFacts]:
    """Return the account's S3 buckets. Raises ShopDevError (store_away)."""
    return _asked(environment, _buckets)


def _asked(environment: Mapping[str, str], question: Callable[[Aws], Awaitable[T]]) -> T:
    async def ask() -> T:
        account = AwsAccount.from_environment(environment)
        with open_session(account.endpoint) as session:
            return await question(Aws(account, session))

    try:
        return asyncio.run(ask())
    except (AwsRefused, AwsUnreachable) as error:
        raise ShopDevError(
            CliCode.STORE_AWAY,
            f"AWS does not answer as it should: {error}.",
            actions=("shop-dev status", "shop-dev logs aws"),
        ) from error


async def _dynamo_tables(aws: Aws) -> list[DynamoTable]:
    names: list[str] = []
    following: dict[str, str] = {}
    while True:
        page = await aws.json("dynamodb", "ListTables", following)
        names += page["TableNames"]
        if "LastEvaluatedTableName" not in page:
            break
        following = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}

    async def look(name: str) -> DynamoTable:
        described = await aws.json("dynamodb", "DescribeTable", {"TableName": name})
        return DynamoTable(name, int(described["Table"]["ItemCount"]))

    return list(await asyncio.gather(*(look(name) for name in sorted(names) if name != PROBE_TABLE)))


async def _queues(aws: Aws) -> list[QueueFacts]:
    urls: list[str] = []
    following: dict[str, object] = {"MaxResults": 1000}
    while True:
        page = await aws.json("sqs", "ListQueues", following)
        urls += page.get("QueueUrls", [])
        if not page.get("NextToken"):
            break
        following = {"MaxResults": 1000, "NextToken": page["NextToken"]}

    async def look(url: str) -> QueueFacts:
        answer = await aws.json("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
        return _queue(url.rpartition("/")[2], answer["Attributes"])

    return list(await asyncio.gather(*(look(url) for url in sorted(urls))))


def _queue(name: str, attributes: Mapping[str, str]) -> QueueFacts:
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    return QueueFacts(
        name,
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
        dead_letters_to=str(redrive["deadLetterTargetArn"]).rpartition(":")[2] if "deadLetterTargetArn" in redrive else None,
    )


async def _buckets(aws: Aws) -> list[BucketFacts]:
    names = xml_values(await aws.rest("s3", "GET", "/"), "Name")
    return list(await asyncio.gather(*(_bucket(aws, name) for name in sorted(names))))


async def _bucket(aws: Aws, name: str) -> BucketFacts:
    sizes: list[int] = []
    following = ""
    while True:
        page = await aws.rest("s3", "GET", f"/{name}?list-type=2{following}")
        sizes += map(int, xml_values(page, "Size"))
        token = next(iter(xml_values(page, "NextContinuationToken")), None)
        if token is None or len(sizes) >= COUNTED_UP_TO:
            return BucketFacts(name, len(sizes), sum(sizes), is_exact=token is None)
        following = f"&continuation-token={quote(token, safe='')}"
