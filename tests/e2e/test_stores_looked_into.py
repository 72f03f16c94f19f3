"""What the stores hold, and the clients that look into them, through the command line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from e2e.shop import CHECKOUT, Shop, aws_of
from shop_kit.aws.client import AwsClient
from shop_sandbox.provision.aws_api import Aws, AwsAccount
from shop_sandbox.provision.aws_session import open_session


def typed(shop: Shop, *words: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SHOP_NAME": shop.sandbox.name, **variables}
    command = [sys.executable, "-m", "shop_dev", *words]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, input=given, capture_output=True, text=True, check=False, timeout=120
    )


def rows(shop: Shop, store: str, name: str) -> dict[str, object]:
    found: dict[str, object]
    (found,) = [one for one in shop.sandbox.cli("tables")["tables"] if (one["store"], one["name"]) == (store, name)]
    return found


def test_tables_say_whose_they_are_and_what_is_in_them(shop: Shop) -> None:
    before = rows(shop, "postgres", "orders")
    stock = rows(shop, "dynamodb", "inventory-stock")

    shop.outcome(shop.place((shop.new_article(stock=5), 1)))

    now = rows(shop, "postgres", "orders")
    assert (now["service"], now["database"], now["isExact"]) == ("orders", "orders", True)
    assert now["rows"] == before["rows"] + 1  # type: ignore[operator]
    assert rows(shop, "dynamodb", "inventory-stock")["rows"] > stock["rows"]  # type: ignore[operator]
    assert (stock["service"], stock["bytes"]) == ("inventory", None)
    assert "shop-dev-probe" not in typed(shop, "tables").stdout


def test_sql_speaks_to_the_services_own_database_as_that_service(shop: Shop) -> None:
    done = typed(shop, "sql", "orders", "--no-psqlrc", "-tA", given=r"SELECT current_user, current_database(); \l" + "\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "orders|orders"


def test_the_exit_status_of_a_client_is_its_own(shop: Shop) -> None:
    done = typed(shop, "sql", "orders", "-v", "ON_ERROR_STOP=1", "-f", "-", given="SELECT nothing;")

    assert (done.returncode, 'column "nothing" does not exist' in done.stderr) == (3, True)


@pytest.fixture
def queue(shop: Shop) -> Iterator[str]:
    """A queue with one message, and dead letters, that nobody's manifest names."""
    name = f"looked-into-{uuid.uuid4().hex[:8]}"

    async def call(*operations: tuple[str, dict[str, object]]) -> list[dict[str, object]]:
        async with AwsClient.connect(aws_of(shop.environment)) as aws:
            return [await aws.call("sqs", "AmazonSQS", operation, request) for operation, request in operations]

    (dead, alive) = asyncio.run(
        call(("CreateQueue", {"QueueName": f"{name}-dlq"}), ("CreateQueue", {"QueueName": name, "Attributes": _redrive(name)}))
    )
    asyncio.run(call(("SendMessage", {"QueueUrl": alive["QueueUrl"], "MessageBody": "hello"})))
    yield name
    asyncio.run(call(*(("DeleteQueue", {"QueueUrl": one["QueueUrl"]}) for one in (alive, dead))))


def _redrive(name: str) -> dict[str, str]:
    arn = f"arn:aws:sqs:eu-west-1:000000000000:{name}-dlq"
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})}


def test_queues_say_how_many_messages_wait_and_where_dead_ones_go(shop: Shop, queue: str) -> None:
    found = [one for one in shop.sandbox.cli("queues")["queues"] if one["name"] == queue]

    assert found == [
        {"name": queue, "service": None, "waiting": 1, "inFlight": 0, "delayed": 0, "deadLettersTo": f"{queue}-dlq"},
    ]


def test_buckets_say_what_is_in_them_also_beyond_one_page(shop: Shop) -> None:
    bucket = f"looked-into-{uuid.uuid4().hex[:8]}"

    async def fill() -> None:
        async with open_session() as session:
            aws = Aws(AwsAccount.from_environment(shop.environment), session)
            place = f"<LocationConstraint>{aws.region}</LocationConstraint>"
            await aws.rest("s3", "PUT", f"/{bucket}", f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>".encode())
            await asyncio.gather(*(aws.rest("s3", "PUT", f"/{bucket}/{number}", b"four") for number in range(1001)))

    asyncio.run(fill())

    found = [one for one in shop.sandbox.cli("buckets")["buckets"] if one["name"] == bucket]
    assert found == [{"name": bucket, "service": None, "objects": 1001, "isExact": True, "bytes": 4004}]


FAKE_AWS = """#!/bin/sh
# Says what it was given; a manifest of the AWS CLI is not needed to see where it would have gone.
[ "$1" = --endpoint-url ] || exit 64
echo "{\\"Items\\": []} $2 ${AWS_PROFILE-no profile} $AWS_REGION"
"""


def test_the_guide_to_the_stores_works_as_it_stands(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    guide = (CHECKOUT / "docs/guides/look-into-stores.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    tools = tmp_path_factory.mktemp("tools")
    (tools / "aws").write_text(FAKE_AWS)
    (tools / "aws").chmod(0o755)
    shop.outcome(shop.place((shop.new_article(stock=5), 1)))

    done = subprocess.run(
        ["/bin/sh", "-eu"],
        cwd=CHECKOUT,
        input=commands,
        env={**os.environ, "SHOP_NAME": shop.sandbox.name, "PATH": f"{tools}:{os.environ['PATH']}", "AWS_PROFILE": "production"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^orders +PostgreSQL +orders +\d+ ", done.stdout, re.MULTILINE)
    assert re.search(r"^ completed +\| +\d+$", done.stdout, re.MULTILINE)
    assert f'{{"Items": []}} {shop.environment["AWS_ENDPOINT_URL"]} no profile eu-west-1' in done.stdout
    assert "export DATABASE_URL=postgresql://orders:" in done.stdout
