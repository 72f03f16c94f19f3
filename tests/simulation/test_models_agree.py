"""The models and the real ones do the same: one script is played against both, and what it saw is compared whole."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from fakes.bare_platform import PlatformSettings, bare_platform, make_table, make_topics
from fakes.postgresql import postgresql
from greenlet import getcurrent
from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.errors import KitError
from shop_kit.outbox import postgres as outbox
from shop_services.orders.adapters import statements as orders_sql

from simulation import seams
from simulation.models import http, kafka, postgres, statements
from simulation.models.dynamo import DynamoModel
from simulation.outside import Outside, Process

pytestmark = [pytest.mark.integration, pytest.mark.anyio]
MIGRATIONS = sorted((Path(__file__).resolve().parents[2] / "services/shop_services/orders/migrations").glob("*.sql"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformSettings]:
    with bare_platform(tmp_path_factory.mktemp("platform")) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgres")) as address:
        yield address


class Simulated:
    """One simulated process in which a script plays."""

    def __init__(self) -> None:
        self.outside = Outside(1, ())
        self.process = Process(self.outside, "script-1", 1)
        self.outside.processes[self.process.loop] = self.process

    def play(self, script: Callable[[], Awaitable[Any]]) -> Any:
        """Return what the script returns."""
        self.outside.scheduler.hub = getcurrent()
        outcome: list[Any] = []

        async def main() -> None:
            outcome.append(await script())

        with seams.simulated():
            task: list[asyncio.Task[None]] = []
            self.process.loop.call_soon(lambda: task.append(self.process.loop.create_task(main())))
            self.outside.scheduler.run(lambda: bool(task) and task[0].done(), most_steps=1_000_000)
        task[0].result()
        return outcome[-1]


Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


async def seen(call: Call, operation: str, request: dict[str, Any]) -> Any:
    """Return what an operation of DynamoDB answers, or how it refuses."""
    try:
        answer = await call(operation, request)
    except AwsError as error:
        reasons = [reason.get("Code", "None") for reason in error.document.get("CancellationReasons") or ()]
        shown = [reason.get("Item") for reason in error.document.get("CancellationReasons") or ()]
        return (error.code, reasons, shown, error.document.get("Item"))
    except KitError as error:
        return type(error).__name__
    kept = {name: answer[name] for name in ("Item", "Items", "Responses", "LastEvaluatedKey", "Attributes") if name in answer}
    if "Responses" in kept:
        kept["Responses"] = {name: sorted(items, key=json.dumps) for name, items in kept["Responses"].items()}
    return kept


async def dynamo_script(call: Call, table: str, plain: str) -> list[Any]:
    """What the kit and the services ask of DynamoDB, and some of what it refuses."""
    found: list[Any] = []

    async def do(operation: str, **request: Any) -> None:
        found.append(await seen(call, operation, {"TableName": table, **request}))

    def key(name: str, sort: str = "1") -> dict[str, Any]:
        return {"pk": {"S": name}, "sk": {"S": sort}}

    absent = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    await do("PutItem", Item={**key("a"), "n": {"N": "1"}}, **absent)
    await do("PutItem", Item={**key("a"), "n": {"N": "2"}}, **absent)
    await do("GetItem", Key=key("a"), ConsistentRead=True)
    await do("GetItem", Key=key("nobody"), ConsistentRead=True)
    change = {
        "Key": key("a"),
        "UpdateExpression": "ADD #n :one SET label = if_not_exists(label, :new), m = :map",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":one": {"N": "5"}, ":new": {"S": "x"}, ":map": {"M": {"k": {"L": [{"N": "1"}]}}}},
    }
    await do("UpdateItem", **change)
    below = {
        **change,
        "ConditionExpression": "#n <= :one AND attribute_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    await do("UpdateItem", **below)
    await do("GetItem", Key=key("a"), ConsistentRead=True)
    missing = {"UpdateExpression": "SET n = n + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    await do("UpdateItem", Key=key("b"), **missing)
    grown = {"UpdateExpression": "SET ids = list_append(ids, :more)", "ExpressionAttributeValues": {":more": {"L": [{"S": "2"}]}}}
    await do("PutItem", Item={**key("l"), "ids": {"L": [{"S": "1"}]}})
    await do("UpdateItem", Key=key("l"), **grown)
    held = {"ConditionExpression": "NOT contains(ids, :id)", "ExpressionAttributeValues": {":id": {"S": "2"}}}
    await do("PutItem", Item={**key("l"), "ids": {"L": []}}, **held)
    either = {
        "ConditionExpression": "attribute_not_exists(pk) OR (#s = :s AND n < :n)",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":s": {"S": "open"}, ":n": {"N": "9"}},
    }
    await do("PutItem", Item={**key("a"), "state": {"S": "open"}, "n": {"N": "3"}}, **either)
    await do("DeleteItem", Key=key("a"), ConditionExpression="n = :n", ExpressionAttributeValues={":n": {"N": "99"}})

    async def transact(*parts: dict[str, Any], **more: Any) -> None:
        found.append(await seen(call, "TransactWriteItems", {"TransactItems": list(parts), **more}))

    def put(name: str, **more: Any) -> dict[str, Any]:
        return {"Put": {"TableName": table, "Item": {**key(name), "v": {"N": "1"}}, **more}}

    once = put("t1", **absent)
    await transact(once, put("t2", **absent), ClientRequestToken="token-1")
    await transact(once, put("t2", **absent), ClientRequestToken="token-1")
    await transact(once, put("t2", **absent), ClientRequestToken="token-2")
    await transact(put("t3", **absent), once)
    await do("GetItem", Key=key("t3"), ConsistentRead=True)
    await transact(put("t4"), put("t4"))
    await transact(
        {"Delete": {"TableName": table, "Key": key("t1")}}, {"Update": {"TableName": plain, "Key": {"sku": {"S": "m"}}, **missing}}
    )
    await do("GetItem", Key=key("t1"), ConsistentRead=True)
    for number in range(4):
        item = {**key("q", f"{number:03d}"), "owner": {"S": "o"}, "due": {"N": str(10 - number)}}
        await do("PutItem", Item=item)
    before = {"KeyConditionExpression": "pk = :k AND sk < :s", "ExpressionAttributeValues": {":k": {"S": "q"}, ":s": {"S": "002"}}}
    await do("Query", ConsistentRead=True, **before)
    await do("Query", ConsistentRead=True, ScanIndexForward=False, Limit=1, **before)
    due = {"KeyConditionExpression": "#o = :o AND due <= :d", "ExpressionAttributeNames": {"#o": "owner"}, "IndexName": "by-owner"}
    await do("Query", ExpressionAttributeValues={":o": {"S": "o"}, ":d": {"N": "9"}}, **due)
    found.append(
        await seen(
            call,
            "BatchGetItem",
            {"RequestItems": {table: {"Keys": [key("q", "000"), key("nobody"), key("l")], "ConsistentRead": True}}},
        )
    )
    gone = {"RequestItems": {table: [{"DeleteRequest": {"Key": key("q", f"{number:03d}")}} for number in range(4)]}}
    found.append(await seen(call, "BatchWriteItem", gone))
    await do("Query", ConsistentRead=True, **before)
    await do("DescribeTable")
    found.append(await seen(call, "DescribeTable", {"TableName": "nowhere"}))
    return found


async def test_dynamodb_and_its_model_answer_alike(platform: PlatformSettings) -> None:
    table, plain = f"t{uuid.uuid4().hex[:8]}", f"p{uuid.uuid4().hex[:8]}"

    async with AwsClient.connect(platform.aws) as client:

        async def real_call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
            return await client.call("dynamodb", "DynamoDB_20120810", operation, request)

        await make_table(client, table, "pk", "sk", indexes=[("by-owner", "owner", "due", "N")])
        await make_table(client, plain, "sku")
        real = await dynamo_script(real_call, table, plain)

    simulated = Simulated()
    model = DynamoModel(lambda: simulated.outside.now)
    model.make(table, "pk", "sk").indexes = {"by-owner": ("owner", "due")}
    model.make(plain, "sku")
    http.use(http.Internet(simulated.outside, model))

    async def script() -> Any:
        async with AwsClient.connect(
            platform.aws.__class__(
                aws_region="eu-central-1", aws_endpoint_url=f"http://{http.AWS}", aws_access_key_id="a", aws_secret_access_key="b"
            )
        ) as client:

            async def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
                return await client.call("dynamodb", "DynamoDB_20120810", operation, request)

            return await dynamo_script(call, table, plain)

    modelled = simulated.play(script)
    for place, (one, other) in enumerate(zip(real, modelled, strict=True)):
        assert one == other, f"step {place + 1}: really {one}, in the model {other}"


NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
Connect = Callable[[], Awaitable[Any]]


def _messages(*sequences: int) -> tuple[list[Any], ...]:
    count = len(sequences)
    return ["topic"] * count, ["ord_1"] * count, [*sequences], [b"body"] * count, ['{"ce_id": "1"}'] * count


async def orders_script(connect: Connect) -> list[Any]:  # noqa: PLR0915 - one script, read from top to bottom
    """All statements of orders and the kit: twice where a second time must have no effect, and side by side where one waits."""
    found: list[Any] = []
    one, other = await connect(), await connect()

    async def row(connection: Any, text: str, *arguments: Any) -> None:
        try:
            answer = await connection.fetchrow(text, *arguments)
        except asyncpg.PostgresError as error:
            found.append((type(error).__name__, getattr(error, "constraint_name", None)))
        else:
            found.append(_plain(answer))

    claim = ("ann POST", "key-1", "print", 202, b"{}", "{}")
    first = ("ann", "reserving", 1, NOON, "corr")

    def placed(order: str, quote: str, key: str) -> tuple[Any, ...]:
        event = ("order-accepted", '{"a": 1}')
        return (order, NOON, *first, quote, "EUR", 100, *event, *_messages(1), "ann POST", key, *claim[2:], True)

    await row(one, orders_sql.INSERT_ORDER, *placed("ord_1", "qte_1", "key-1"))
    await row(one, orders_sql.INSERT_ORDER, *placed("ord_1", "qte_1", "key-1"))
    await row(one, orders_sql.INSERT_ORDER, *placed("ord_9", "qte_1", "key-9"))
    await row(one, orders_sql.SELECT_ORDER, "ord_1", None)
    await row(one, orders_sql.SELECT_ORDER, "ord_2", "m-1")

    def update(revision: int, version: int, message: str | None, *, events: int = 1) -> tuple[Any, ...]:
        versions = list(range(version, version + events))
        written = (versions, ["kind"] * events, ["{}"] * events)
        state = ("authorising", version + events - 1, 3, NOON, 0)
        return ("ord_1", NOON, revision, *state, *written, *_messages(2, 3), message, *(None,) * 6, False)

    await row(one, orders_sql.UPDATE_ORDER, *update(1, 2, "m-1"))
    await row(one, orders_sql.UPDATE_ORDER, *update(1, 3, "m-2"))
    await row(one, orders_sql.UPDATE_ORDER, *update(2, 3, "m-1"))
    await row(one, orders_sql.UPDATE_ORDER, *update(2, 2, "m-3"))
    await row(one, orders_sql.SELECT_ORDER, "ord_1", "m-1")
    await row(one, orders_sql.SELECT_SILENT, NOON, 10, None, None)
    await row(one, orders_sql.SELECT_SILENT, NOON, 10, NOON, "ord_1")
    rows = await one.fetch(outbox.SELECT_UNPUBLISHED, [], 10)
    found.append([(each["key"], each["sequence"], each["body"]) for each in rows])
    found.append(await one.execute(outbox.DELETE_PUBLISHED, [each["id"] for each in rows[:1]]))
    found.append(len(await one.fetch(outbox.SELECT_UNPUBLISHED, [rows[1]["id"]], 10)))

    # Of two that write the same order at once the second waits for the first, and then finds it at another revision.
    begun = one.transaction()
    await begun.start()
    await row(one, orders_sql.UPDATE_ORDER, *update(2, 3, "m-4"))
    waits = asyncio.ensure_future(other.fetchrow(orders_sql.UPDATE_ORDER, *update(2, 3, "m-5")))
    await asyncio.sleep(0.2)
    found.append(waits.done())
    await begun.commit()
    found.append((await waits)["written"])

    # What is rolled back has never been.
    undone = one.transaction()
    await undone.start()
    await row(one, orders_sql.UPDATE_ORDER, *update(3, 4, "m-6"))
    await undone.rollback()
    await row(one, orders_sql.SELECT_ORDER, "ord_1", "m-6")

    # One holds the relay's lock; a listener hears of a commit, and only of a commit.
    heard: list[str] = []
    await one.add_listener("outbox", lambda *_: heard.append("woken"))
    await one.execute("SELECT pg_advisory_lock($1)", outbox.LOCK)
    stands_by = asyncio.ensure_future(other.execute("SELECT pg_advisory_lock($1)", outbox.LOCK))
    await asyncio.sleep(0.2)
    found.append(stands_by.done())
    await one.close()
    await stands_by
    third = await connect()
    await other.add_listener("outbox", lambda *_: heard.append("other woken"))
    await row(third, orders_sql.INSERT_ORDER, *placed("ord_3", "qte_3", "key-3"))
    await asyncio.sleep(0.3)
    found.append(sorted(heard))
    await other.close()
    await third.close()
    return found


def _plain(record: Any) -> Any:
    if record is None:
        return None
    hidden = {"message_ids", "asked_again"}
    return {
        name: [json.loads(one) for one in value] if name == "bodies" and value else value
        for name, value in record.items()
        if name not in hidden
    }


async def test_postgresql_and_its_model_answer_alike(server: str) -> None:
    name = f"models_{uuid.uuid4().hex[:8]}"
    administrator = await asyncpg.connect(server)
    await administrator.execute(f"create database {name}")
    dsn = server.replace("/postgres?", f"/{name}?")
    owner = await asyncpg.connect(dsn)
    for migration in MIGRATIONS:
        await owner.execute(migration.read_text())
    real = await orders_script(lambda: asyncpg.connect(dsn))
    await owner.close()
    await administrator.close()

    simulated = Simulated()
    database = postgres.Database(simulated.outside, statements.TABLES)
    postgres.use(database)
    modelled = simulated.play(lambda: orders_script(postgres.connect))
    for place, (one, other) in enumerate(zip(real, modelled, strict=True)):
        assert one == other, f"step {place + 1}: really {one}, in the model {other}"


Wait = Callable[[Callable[[], bool]], None]


def kafka_script(servers: str, topic: str, group: str, make_producer: Any, make_consumer: Any) -> list[Any]:
    """What the kit asks of librdkafka: order within keys, stored offsets, a second member, a return under a static name."""
    found: list[Any] = []
    producer = make_producer({"bootstrap.servers": servers, "enable.idempotence": True})
    for number in range(6):
        producer.produce(topic, value=str(number).encode(), key=b"k", headers=[("n", str(number))])
    found.append(producer.flush(10))

    def settings(name: str) -> dict[str, Any]:
        return {
            "bootstrap.servers": servers,
            "group.id": group,
            "group.instance.id": name,
            "auto.offset.reset": "earliest",
            "enable.auto.offset.store": False,
            "auto.commit.interval.ms": 100,
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": 6_000,
        }

    def read(consumer: Any, count: int) -> list[Any]:
        got: list[Any] = []
        for _ in range(400):
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                got.append(message)
                if len(got) == count:
                    break
        return got

    revoked: list[int] = []
    one = make_consumer(settings("one"))
    one.subscribe([topic], on_revoke=lambda _, partitions: revoked.append(len(partitions)))
    messages = read(one, 6)
    found.append([(each.key(), each.value(), each.headers()) for each in messages])
    place = messages[3]
    one.store_offsets(offsets=[TopicPartition(topic, place.partition(), place.offset() + 1)])
    try:
        one.store_offsets(offsets=[TopicPartition(topic, 99, 1)])
    except KafkaException as error:
        found.append(error.args[0].name())
    one.close()
    found.append("closed")

    again = make_consumer(settings("one"))
    again.subscribe([topic])
    found.append([each.value() for each in read(again, 2)])
    again.pause([TopicPartition(topic, place.partition())])
    producer.produce(topic, value=b"late", key=b"k")
    producer.flush(10)
    found.append([each.value() for each in read_for(again, 5)])
    again.resume([TopicPartition(topic, place.partition())])
    found.append([each.value() for each in read(again, 1)])
    again.close()
    return found


def read_for(consumer: Any, polls: int) -> list[Any]:
    """Return what comes within so many polls."""
    return [message for message in (consumer.poll(0.1) for _ in range(polls)) if message is not None and message.error() is None]


async def test_kafka_and_its_model_do_alike(platform: PlatformSettings) -> None:
    topic = f"models.{uuid.uuid4().hex[:8]}"
    make_topics(platform.kafka, topic, partitions=2)
    real = await asyncio.to_thread(kafka_script, platform.kafka.kafka_bootstrap_servers, topic, "readers", Producer, Consumer)

    simulated = Simulated()
    broker = kafka.Broker(simulated.outside)
    broker.make(topic, 2)
    kafka.use(broker)
    modelled = simulated.play(
        lambda: asyncio.to_thread(kafka_script, "sim", topic, "readers", kafka.ModelProducer, kafka.ModelConsumer)
    )
    for place, (one, other) in enumerate(zip(real, modelled, strict=True)):
        assert one == other, f"step {place + 1}: really {one}, in the model {other}"
