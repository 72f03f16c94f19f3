"""Many items in the sandbox's DynamoDB, to see what stopping costs when much is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session

TABLE = "bench-items"
BATCH = 25
THREADS = 4


def store(environment: Mapping[str, str], count: int) -> None:
    """Put `count` small items into a table of their own; `environment` is what `shop-dev env` says."""
    client: Any = botocore.session.get_session().create_client(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with ThreadPoolExecutor(THREADS) as threads:
        for written in threads.map(lambda items: client.batch_write_item(RequestItems={TABLE: items}), _batches(count)):
            assert not written.get("UnprocessedItems")


def _batches(count: int) -> Iterator[list[dict[str, object]]]:
    for first in range(0, count, BATCH):
        yield [
            {"PutRequest": {"Item": {"id": {"S": f"item-{number}"}, "count": {"N": str(number)}, "text": {"S": "x" * 60}}}}
            for number in range(first, min(first + BATCH, count))
        ]
