"""Real clients of PostgreSQL, Redis and AWS behind the proxy: each fault reaches them, and leaves when it ends."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import botocore.config
import botocore.session
import pytest
import redis
from botocore.exceptions import ClientError
from fakes.chaos_proxy import Proxied, proxied
from fakes.embedded_store import INHERITED, Store, store_of
from redis.backoff import NoBackoff
from redis.retry import Retry
from shop_sandbox.chaos.fault import Bandwidth, Latency, Reset, Throttle
from shop_sandbox.chaos.link import Protocol
from shop_sandbox.paths import CachePaths, default_cache_root

pytestmark = pytest.mark.integration


@contextmanager
def _behind_a_proxy(name: str, protocol: Protocol, home: Path) -> Iterator[tuple[Proxied, Store]]:
    cache = CachePaths(Path(os.environ.get("SHOP_TEST_CACHE") or os.environ.get("SHOP_CACHE_DIR") or default_cache_root(INHERITED)))
    with store_of(name, home, cache) as store:
        store.start()
        with proxied(name, protocol, store.port) as found:
            yield found, store


def test_redis_is_late_narrow_and_reset(tmp_path: Path) -> None:
    with _behind_a_proxy("redis", Protocol.STREAM, tmp_path) as (proxy, store):
        password = store.context.credentials.password("redis")
        client = redis.Redis(port=proxy.port, password=password, retry=Retry(NoBackoff(), 0), socket_timeout=20)
        client.set("thing", b"x" * 32 * 1024)

        with proxy.with_fault(Latency(target="redis", seconds=600, milliseconds=300)):
            assert _seconds(client.ping) >= 0.3
        with proxy.with_fault(Bandwidth(target="orders->redis", seconds=600, kib_per_second=64)):
            assert _seconds(lambda: client.get("thing")) >= 0.4
        with proxy.with_fault(Reset(target="redis", seconds=600)), pytest.raises(redis.ConnectionError):
            client.ping()

        assert client.ping()


def test_postgresql_is_late_narrow_and_reset(tmp_path: Path) -> None:
    with _behind_a_proxy("postgres", Protocol.STREAM, tmp_path) as (proxy, store):
        asyncio.run(_ask_postgresql(proxy, store.context.credentials.password("postgres/shop")))


async def _ask_postgresql(proxy: Proxied, password: str) -> None:
    address = f"postgresql://shop:{password}@127.0.0.1:{proxy.port}/shop"
    connection = await asyncpg.connect(address)
    with proxy.with_fault(Latency(target="postgres", seconds=600, milliseconds=300)):
        began = time.monotonic()
        assert await connection.fetchval("select 1") == 1
        assert time.monotonic() - began >= 0.3
    with proxy.with_fault(Bandwidth(target="postgres", seconds=600, kib_per_second=64)):
        began = time.monotonic()
        assert len(await connection.fetchval("select repeat('x', 32768)")) == 32768
        assert time.monotonic() - began >= 0.4
    with proxy.with_fault(Reset(target="postgres", seconds=600)):
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("select 1")
        with pytest.raises(OSError):
            await asyncpg.connect(address)

    again = await asyncpg.connect(address)
    assert await again.fetchval("select 1") == 1
    await again.close()


def test_aws_throttles_the_operations_that_are_named(tmp_path: Path) -> None:
    with _behind_a_proxy("aws", Protocol.AWS, tmp_path) as (proxy, store):
        dynamodb, sqs, s3 = (_aws(name, proxy, store) for name in ("dynamodb", "sqs", "s3"))
        dynamodb.create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        s3.create_bucket(Bucket="things")
        item = {"n": {"N": "1"}}

        with proxy.with_fault(Throttle(target="aws", seconds=600, operations=("PutItem", "CreateQueue", "PUT /things/*"))):
            assert _refused(lambda: dynamodb.put_item(TableName="things", Item=item)) == "ProvisionedThroughputExceededException"
            assert _refused(lambda: sqs.create_queue(QueueName="things")) in {"Throttling", "ThrottlingException"}
            assert _refused(lambda: s3.put_object(Bucket="things", Key="a/b c", Body=b"x")) == "SlowDown"
            assert "Item" not in dynamodb.get_item(TableName="things", Key=item)
            assert proxy.struck("throttle") == 3

        dynamodb.put_item(TableName="things", Item=item)
        s3.put_object(Bucket="things", Key="a/b c", Body=b"x" * 100_000)
        assert dynamodb.get_item(TableName="things", Key=item)["Item"] == item
        assert s3.get_object(Bucket="things", Key="a/b c")["Body"].read() == b"x" * 100_000
        assert s3.head_object(Bucket="things", Key="a/b c")["ContentLength"] == 100_000


def _aws(service: str, proxy: Proxied, store: Store) -> Any:
    return botocore.session.get_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{proxy.port}",
        aws_access_key_id=store.context.credentials.aws_access_key_id,
        aws_secret_access_key=store.context.credentials.aws_secret_access_key,
        config=botocore.config.Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


def _refused(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def _seconds(call: Any) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began
