"""The supervisor of a real sandbox is killed at moments that a seed chooses, while somebody writes into every store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import botocore.config
import botocore.session
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported in all but name
from shop_sandbox.client import SandboxClient, connect, start_or_attach
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import SandboxReady
from shop_sandbox.platform import here
from shop_sandbox.supervisor.settings import SupervisorSettings

MARK = "SHOP_TEST_MARK"
PHASES = ("up", "run", "reload", "down")
ENDS_WITHIN_SECONDS = 30.0
"""Stores are given 8 s to save, and 2 cores may be busy."""
LONGEST_RUN_SECONDS = 0.6
LONGEST_RELOAD_SECONDS = 1.0
LONGEST_DOWN_SECONDS = 1.2
TOUCHED = "services/shop_services/orders/bootstrap.py"
NAME = "kill_ledger"
"""Table, topic and list of the writer."""


@dataclass
class Acknowledged:
    """The highest number that each store has acknowledged; the writer counts up, so all below it are acknowledged too."""

    newest: dict[str, int] = field(default_factory=dict)


class Stores:
    """All four stores of a running sandbox, as a program finds them through its variables."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._database = environment["DATABASE_URL"]
        self._redis = redis.Redis.from_url(environment["REDIS_URL"], socket_timeout=5)
        self._kafka = _kafka_settings(environment)
        session = botocore.session.get_session()
        self._dynamo: Any = session.create_client(
            "dynamodb",
            region_name=environment["AWS_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=5, connect_timeout=5),
        )

    def prepare(self) -> None:
        """Have a place in each store."""
        asyncio.run(self._execute(f"CREATE TABLE IF NOT EXISTS {NAME} (n integer PRIMARY KEY)"))
        admin = AdminClient(self._kafka)  # kept until it has answered: its end takes what is under way with it
        admin.create_topics([NewTopic(NAME, 3, 1)])[NAME].result(30)
        with contextlib.suppress(self._dynamo.exceptions.ResourceInUseException):
            self._dynamo.create_table(
                TableName=NAME,
                KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
                BillingMode="PAY_PER_REQUEST",
            )

    def write(self, number: int, acknowledged: Acknowledged, store: str) -> None:
        """Write a number into one store, and note it once the store has acknowledged it."""
        getattr(self, f"_write_{store}")(number)
        acknowledged.newest[store] = number

    def missing(self, acknowledged: Acknowledged) -> dict[str, list[int]]:
        """Return what was acknowledged and is not there any more, by store."""
        found = {
            "postgres": {row["n"] for row in asyncio.run(self._fetch(f"SELECT n FROM {NAME}"))},  # noqa: S608 - a name of ours
            "redis": {int(one) for one in self._redis.lrange(NAME, 0, -1)},
            "dynamodb": {int(item["n"]["N"]) for item in self._scan()},
            "kafka": set(self._records()),
        }
        return {
            store: lost
            for store, newest in acknowledged.newest.items()
            if (lost := sorted(set(range(1, newest + 1)) - found[store]))
        }

    def _write_postgres(self, number: int) -> None:
        asyncio.run(self._execute(f"INSERT INTO {NAME} VALUES ({number}) ON CONFLICT DO NOTHING"))  # noqa: S608 - a name of ours

    def _write_redis(self, number: int) -> None:
        self._redis.rpush(NAME, number)

    def _write_dynamodb(self, number: int) -> None:
        self._dynamo.put_item(TableName=NAME, Item={"n": {"N": str(number)}})

    def _write_kafka(self, number: int) -> None:
        failed: list[object] = []
        producer = Producer({**self._kafka, "acks": "all", "message.timeout.ms": 5000, "log_level": 0})
        producer.produce(NAME, str(number), on_delivery=lambda error, _: failed.append(error) if error else None)
        if producer.flush(6) or failed:
            raise ConnectionError(f"not delivered: {failed}")

    def _scan(self) -> Iterator[dict[str, dict[str, str]]]:
        for page in self._dynamo.get_paginator("scan").paginate(TableName=NAME, ConsistentRead=True):
            yield from page["Items"]

    def _records(self) -> Iterator[int]:
        consumer = Consumer({**self._kafka, "group.id": NAME, "enable.auto.commit": False, "log_level": 0})
        try:
            topics = consumer.list_topics(NAME, timeout=20).topics
            for partition in topics[NAME].partitions:
                begin = TopicPartition(NAME, partition, OFFSET_BEGINNING)
                first, end = consumer.get_watermark_offsets(begin, timeout=20)
                consumer.assign([begin])
                position = first
                while position < end:
                    record = consumer.poll(20)
                    assert record is not None, f"{NAME}[{partition}] ends at {end} and gives nothing after {position}"
                    if record.error() is None:
                        yield int(record.value() or b"0")
                        position = (record.offset() or 0) + 1
        finally:
            consumer.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._database, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _fetch(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self._database, timeout=20)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()


def _kafka_settings(environment: Mapping[str, str]) -> dict[str, str | int | float | bool]:
    names = {
        "bootstrap.servers": "KAFKA_BOOTSTRAP_SERVERS",
        "security.protocol": "KAFKA_SECURITY_PROTOCOL",
        "sasl.mechanism": "KAFKA_SASL_MECHANISM",
        "sasl.username": "KAFKA_SASL_USERNAME",
        "sasl.password": "KAFKA_SASL_PASSWORD",
    }
    return {key: environment[variable] for key, variable in names.items() if environment.get(variable)}


@contextmanager
def somebody_writes(stores: Stores, acknowledged: Acknowledged) -> Iterator[None]:
    """Write into all stores side by side, as fast as they take it, until the block ends or they are gone."""
    stop = threading.Event()

    def write(store: str) -> None:
        while not stop.is_set():
            try:
                stores.write(acknowledged.newest.get(store, 0) + 1, acknowledged, store)
            except Exception:  # noqa: BLE001 - the store goes away: that is the test; what it did not acknowledge is not counted
                stop.wait(0.05)

    writers = [threading.Thread(target=write, args=(store,)) for store in ("postgres", "redis", "dynamodb", "kafka")]
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)


@dataclass
class Killer:
    """Kills the supervisor of one sandbox again and again."""

    settings: SupervisorSettings
    moments: random.Random
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    longest_up_seconds: float = 6.0

    def first_up(self) -> SandboxReady:
        """Start once in order, so that the moments of later starts are known."""
        ready = self.up()
        self.longest_up_seconds = ready.seconds * 1.2
        Stores(connect(self.settings.paths).status().environment).prepare()
        list(connect(self.settings.paths).down())
        return ready

    def up(self) -> SandboxReady:
        """Start, and be ready."""
        last = list(start_or_attach(self.settings).up())[-1]
        assert isinstance(last, SandboxReady), last
        return last

    def kill_once(self, phase: str) -> float:
        """Kill the supervisor at some moment of a phase; returns the seconds until nothing of it ran any more."""
        client = start_or_attach(self.settings)
        if phase == "up":
            return self._killing(client, self.longest_up_seconds, lambda: list(client.up()))
        self.up()
        stores = Stores(client.status().environment)
        longest = {"run": LONGEST_RUN_SECONDS, "reload": LONGEST_RELOAD_SECONDS, "down": LONGEST_DOWN_SECONDS}[phase]
        action: Callable[[], object] = {"run": lambda: None, "reload": self._edit, "down": lambda: list(client.down())}[phase]
        with somebody_writes(stores, self.acknowledged):
            return self._killing(client, longest, action)

    def lost(self) -> dict[str, list[int]]:
        """Start again and return what was acknowledged and is gone, by store."""
        self.up()
        return Stores(connect(self.settings.paths).status().environment).missing(self.acknowledged)

    def survivors(self) -> list[int]:
        """Processes of this sandbox that still run when all of them have had their time to end."""
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while left := here.processes_with(MARK, self.settings.inherited[MARK]):
            if time.monotonic() > deadline:
                return left
            time.sleep(0.05)
        return []

    def _killing(self, client: SandboxClient, longest: float, action: Callable[[], object]) -> float:
        supervisor = client.status().supervisor_pid
        after = self.moments.random() * longest
        killed = threading.Event()

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):  # a down that was faster than its killer
                os.kill(supervisor, signal.SIGKILL)
            killed.set()

        killer = threading.Timer(after, kill)
        killer.start()
        with contextlib.suppress(SandboxError):  # it went away in the middle of an answer: that is the test
            action()
        killed.wait()
        began = time.monotonic()
        left = self.survivors()
        assert left == [], f"killed {after:.2f} s into its work, it left {left}"
        return time.monotonic() - began

    def _edit(self) -> None:
        os.utime(Path(self.settings.checkout) / TOUCHED)
