"""How fast the registry is: `python tests/bench/bench_registry.py`. Starts a broker and registries of its own; prints a table.

Figures are those of one registry process and one load generator in another, on whatever else the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import multiprocessing
import os
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import Producer
from fakes.kafka_broker import Broker, free_port
from fakes.registry_process import RegistryProcess
from shop_contracts.registry import records
from shop_contracts.registry.content import SchemaReader
from shop_contracts.registry.model import Content, SchemaType, Version
from shop_contracts.registry.store import Store

Request = tuple[str, str, bytes]
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


def source(number: int) -> str:
    """A schema of ordinary size, about 400 bytes."""
    fields = "\n".join(f"  string field_number_{n} = {n}; // what it means" for n in range(1, 9))
    return f'syntax = "proto3";\npackage bench.v1;\n\nmessage Event{number} {{\n{fields}\n}}\n'


def main() -> None:
    """Run all measurements and print them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--schemas", type=int, default=10_000, help="schemas to load at start")
    options.add_argument("--seconds", type=float, default=4.0, help="length of each measurement")
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--against", metavar="URL", help="ask another registry that is empty the same, and compare")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as folder, running_broker(Path(folder)) as kafka:
        if chosen.against:
            with registry_process(Path(folder) / "log", kafka, "_schemas") as ours:
                ours.start()
                rows = list(compare(ours.url, chosen.against, seconds=chosen.seconds, connections=chosen.connections))
        else:
            found = measure(Path(folder), kafka, schemas=chosen.schemas, seconds=chosen.seconds, connections=chosen.connections)
            rows = list(found)
    width = max(len(what) for what, _ in rows)
    for what, figure in rows:
        print(f"{what:<{width}}  {figure}")


@contextlib.contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    broker = Broker(folder / "kafka", os.environ)
    (folder / "kafka").mkdir()
    broker.start()
    try:
        yield broker.address
    finally:
        broker.stop()


@contextlib.contextmanager
def registry_process(log: Path, kafka: str, topic: str) -> Iterator[RegistryProcess]:
    registry = RegistryProcess(log, kafka=kafka, port=free_port(), topic=topic)
    try:
        yield registry
    finally:
        registry.kill()


def measure(folder: Path, kafka: str, *, schemas: int, seconds: float, connections: int) -> Iterator[tuple[str, str]]:
    """Rows of the table: what, and its figure."""
    with contextlib.ExitStack() as stack:
        yield from _measure(stack, folder, kafka, schemas=schemas, seconds=seconds, connections=connections)


def _measure(
    stack: contextlib.ExitStack, folder: Path, kafka: str, *, schemas: int, seconds: float, connections: int
) -> Iterator[tuple[str, str]]:
    empty = stack.enter_context(registry_process(folder / "empty.log", kafka, "_schemas_empty"))
    yield "process start to ready, empty topic", f"{timed(empty.start):.2f} s"
    empty.kill()
    empty_again = timed(empty.start)
    empty.kill()
    yield "process start to ready, once more", f"{empty_again:.2f} s"

    fill(kafka, "_schemas_full", schemas)
    full = stack.enter_context(registry_process(folder / "full.log", kafka, "_schemas_full"))
    loaded = timed(full.start)
    yield f"process start to ready, {schemas:,} schemas", f"{loaded:.2f} s"
    read = next(
        line for line in map(json.loads, (folder / "full.log").read_text().splitlines()) if line["message"] == "read the state"
    )
    yield "  of which reading the topic", f"{read['seconds']:.2f} s for {read['records']:,} records"

    body = json.dumps({"schema": source(7), "schemaType": "PROTOBUF"}).encode()
    rate = load(full.url, lambda n: ("GET", f"/schemas/ids/{n % schemas + 1}", b""), seconds, connections)
    yield "lookups by id", f"{rate:,.0f} /s"
    rate = load(full.url, lambda n: ("GET", f"/schemas/ids/{n % 50 + 1}?format=serialized", b""), seconds, connections)
    yield "lookups by id, format=serialized", f"{rate:,.0f} /s"
    rate = load(full.url, lambda _: ("POST", "/subjects/bench-7-value", body), seconds, connections)
    yield "lookups by schema", f"{rate:,.0f} /s"
    rate = load(full.url, lambda n: ("GET", f"/subjects/bench-{n % schemas}-value/versions/latest", b""), seconds, connections)
    yield "latest version of a subject", f"{rate:,.0f} /s"
    rate = load(full.url, registration, seconds, 1)
    yield "registrations, one client", f"{rate:,.0f} /s"
    rate = load(full.url, lambda n: registration(n + 10_000_000), seconds, connections)
    yield f"registrations, {connections} clients", f"{rate:,.0f} /s"


def compare(ours: str, theirs: str, *, seconds: float, connections: int) -> Iterator[tuple[str, str]]:
    """Rows of the table of both registries on the same calls, in turns."""
    ids = {url: [_registered(url, number) for number in range(50)] for url in (ours, theirs)}
    body = json.dumps({"schema": source(7), "schemaType": "PROTOBUF"}).encode()
    calls: list[tuple[str, Callable[[str, int], Request], int]] = [
        ("lookups by id", lambda url, n: ("GET", f"/schemas/ids/{ids[url][n % 50]}", b""), connections),
        ("lookups by schema", lambda *_: ("POST", "/subjects/bench-7-value", body), connections),
        ("latest version", lambda _, n: ("GET", f"/subjects/bench-{n % 50}-value/versions/latest", b""), connections),
        ("registrations, one client", lambda _, n: registration(n), 1),
        (f"registrations, {connections} clients", lambda _, n: registration(n + 10_000_000), connections),
    ]
    yield "", f"{'this':>8}  {'other':>8}"
    for what, call, clients in calls:
        rates = [load(url, functools.partial(call, url), seconds, clients) for url in (ours, theirs)]
        yield what, f"{rates[0]:8,.0f}  {rates[1]:8,.0f} /s"


def _registered(url: str, number: int) -> int:
    body = json.dumps({"schema": source(number), "schemaType": "PROTOBUF"}).encode()
    request = urllib.request.Request(f"{url}/subjects/bench-{number}-value/versions", body, {"Content-Type": MEDIA_TYPE})  # noqa: S310 - given
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - given
        found: int = json.loads(answer.read())["id"]
    return found


def registration(number: int) -> Request:
    body = {"schema": source(1_000_000 + number), "schemaType": "PROTOBUF"}
    return "POST", f"/subjects/new-{number}-value/versions", json.dumps(body).encode()


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def fill(kafka: str, topic: str, schemas: int) -> None:
    """Write the topic as a registry would have."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": kafka})
    wanted = NewTopic(topic, num_partitions=1, replication_factor=1, config={"cleanup.policy": "compact"})
    admin.create_topics([wanted])[topic].result(10)
    producer, reader = Producer({"bootstrap.servers": kafka, "linger.ms": 50}), SchemaReader()
    store = Store(reader.identify)
    for number in range(schemas):
        content = Content(schema=source(number), schema_type=SchemaType.PROTOBUF)
        identity = reader.read(store, content, ".").identity
        record = records.schema_record(Version(f"bench-{number}-value", 1, number + 1, content, identity))
        producer.produce(topic, key=record.key, value=record.value, headers=list(record.headers), partition=0)
        producer.poll(0)
    producer.flush(30)


def load(url: str, request: Callable[[int], Request], seconds: float, connections: int) -> float:
    """Requests a second from `connections` keep-alive connections of another process; every answer must be 200."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sending.send(asyncio.run(_drive(url, request, seconds, connections))))
    process.start()
    rate: float = receiving.recv()
    process.join()
    return rate


async def _drive(url: str, request: Callable[[int], Request], seconds: float, connections: int) -> float:
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    until = time.perf_counter() + seconds
    numbers = iter(range(10**9))
    answered = 0

    async def client() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(host, port)
        while time.perf_counter() < until:
            method, path, body = request(next(numbers))
            head_sent = f"{method} {parts.path}{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {MEDIA_TYPE}\r\n"
            writer.write(f"{head_sent}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise AssertionError(f"{method} {path}: {head!r}")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            answered += 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return answered / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
