"""What the registry acknowledged stays, whatever is killed."""

from __future__ import annotations

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from fakes.kafka_broker import Broker
from fakes.registry_process import RegistryProcess

pytestmark = pytest.mark.integration

Open = Callable[..., RegistryProcess]


def message(name: str, fields: int = 1) -> str:
    return f'syntax = "proto3"; message {name} {{ ' + " ".join(f"string f{n} = {n};" for n in range(1, fields + 1)) + " }"


def everything(registry: RegistryProcess) -> dict[str, Any]:
    """All that can be asked of it."""
    return {
        path: registry.call("GET", path)
        for path in ("/schemas?deleted=true", "/subjects?deleted=true", "/config", "/mode", "/contexts")
    }


def records_of(kafka: str, topic: str) -> list[tuple[Any, Any]]:
    consumer = Consumer(
        {"bootstrap.servers": kafka, "group.id": "test", "isolation.level": "read_committed", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    while (record := consumer.poll(10)) is not None and record.error() is None:
        key, value = record.key(), record.value()
        found.append((json.loads(key or b"null"), json.loads(value or b"null")))
    consumer.close()
    return found


def test_a_restart_loses_nothing_and_ids_stay(registry: RegistryProcess) -> None:
    for number in range(5):
        assert registry.register(f"s{number}", message(f"M{number}"))[0] == 200
    registry.call("PUT", "/config/s0", {"compatibility": "NONE"})
    registry.register("s0", message("Other"))
    registry.call("DELETE", "/subjects/s1")
    registry.call("DELETE", "/subjects/s2/versions/1")
    registry.call("DELETE", "/subjects/s2/versions/1?permanent=true")
    registry.call("PUT", "/mode/s3", {"mode": "READONLY"})
    before = everything(registry)

    assert registry.stop() == 0
    registry.start()

    assert everything(registry) == before


def test_an_id_is_not_given_out_again_after_a_permanent_delete_and_a_restart(registry: RegistryProcess) -> None:
    _, last = registry.register("gone", message("Gone"))
    registry.call("DELETE", "/subjects/gone")
    registry.call("DELETE", "/subjects/gone?permanent=true")

    registry.kill()
    registry.start()

    assert registry.register("next", message("Next"))[1]["id"] == last["id"] + 1


def test_what_was_acknowledged_before_a_kill_is_there_after_it(registry: RegistryProcess) -> None:
    acknowledged: dict[str, int] = {}
    for number in range(60):
        if number in {11, 23, 24, 42}:
            registry.kill()
            registry.start()
        status, answer = registry.register(f"k{number}", message(f"K{number}"))
        if status == 200:
            acknowledged[f"k{number}"] = answer["id"]

    registry.kill()
    registry.start()

    assert len(acknowledged) == 60
    assert {subject: registry.call("GET", f"/subjects/{subject}/versions/1")[1]["id"] for subject in acknowledged} == acknowledged


def test_a_kill_in_the_middle_of_registrations_leaves_none_half_done(registry: RegistryProcess) -> None:
    acknowledged: dict[str, int] = {}

    def register(worker: int) -> None:
        for number in range(200):
            status, answer = registry.register(f"w{worker}-{number}", message(f"W{worker}x{number}"))
            if status != 200:
                return
            acknowledged[f"w{worker}-{number}"] = answer["id"]

    workers = [threading.Thread(target=register, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 10:
        workers[0].join(0.01)
    registry.kill()
    for worker in workers:
        worker.join()
    registry.start()

    found = {each["subject"]: each["id"] for each in registry.call("GET", "/schemas")[1]}
    assert acknowledged.items() <= found.items()
    assert len(set(found.values())) == len(found)


def test_two_registries_at_once_never_give_one_id_to_two_schemas(open_registry: Open) -> None:
    registries = [open_registry(), open_registry()]
    answers: list[tuple[str, int, Any]] = []

    def register(which: int) -> None:
        for number in range(12):
            subject = f"{'shared' if number % 2 else f'own{which}'}-{number}"
            status, answer = registries[which].register(subject, message(f"X{which}x{number}"))
            while status == 500:  # it was overtaken too often to decide in time: ask again, as clients do
                status, answer = registries[which].register(subject, message(f"X{which}x{number}"))
            answers.append((subject, status, answer))

    workers = [threading.Thread(target=register, args=(which,)) for which in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    registered = [answer["id"] for _, status, answer in answers if status == 200]
    refused = [status for _, status, _ in answers if status != 200]
    assert len(registered) == len(set(registered)) == 18
    assert refused == [409] * 6, "the second of two different schemas for one subject is incompatible"
    for registry in registries:
        registry.call("PUT", f"/config/sync{random.randrange(10**6)}", {"compatibility": "NONE"})
        assert sorted(each["id"] for each in registry.call("GET", "/schemas")[1]) == sorted(registered)


def test_groups_of_two_registries_that_overtake_each_other_survive_a_kill_of_one(open_registry: Open) -> None:
    registries = [open_registry(), open_registry()]
    acknowledged: dict[str, int] = {}
    is_killed = threading.Event()

    def register(worker: int) -> None:
        registry = registries[worker % 2]
        for number in range(12):
            subject, schema = f"g{worker}-{number}", message(f"G{worker}x{number}")
            status, answer = registry.register(subject, schema)
            while status == 500:  # overtaken too often to decide in time: ask again, as clients do
                status, answer = registry.register(subject, schema)
            if status == 200:
                acknowledged[subject] = answer["id"]
            else:
                assert (status, is_killed.is_set(), worker % 2) == (0, True, 0), (status, answer)
                return

    workers = [threading.Thread(target=register, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 20:
        workers[1].join(0.01)
    is_killed.set()
    registries[0].kill()
    for worker in workers:
        worker.join()
    registries[0].start()

    for registry in registries:
        found = {each["subject"]: each["id"] for each in registry.call("GET", "/schemas")[1]}
        assert acknowledged.items() <= found.items()
        assert len(set(found.values())) == len(found)
    assert {f"g{worker}-{number}" for worker in (1, 3, 5, 7) for number in range(12)} <= acknowledged.keys()


def test_what_one_registry_writes_the_other_answers(open_registry: Open) -> None:
    first, second = open_registry(), open_registry()
    _, registered = first.register("orders", message("Order"))

    status, again = second.register("orders", message("Order"))

    assert (status, again["id"], again["version"]) == (200, registered["id"], registered["version"])


def test_while_kafka_is_away_reads_go_on_and_writes_fail_as_documented(broker: Broker, registry: RegistryProcess) -> None:
    _, registered = registry.register("orders", message("Order"))
    broker.pause()
    try:
        status, answer = registry.register("payments", message("Payment"))
        assert (status, answer["error_code"]) == (500, 50002)
        assert registry.call("GET", f"/schemas/ids/{registered['id']}")[0] == 200
        assert registry.register("orders", message("Order"))[1]["id"] == registered["id"]
    finally:
        broker.resume()

    status, _ = registry.register("payments", message("Payment"))

    assert status == 200


def test_a_kill_of_kafka_loses_nothing_and_the_registry_goes_on(broker: Broker, registry: RegistryProcess) -> None:
    _, registered = registry.register("orders", message("Order"))
    broker.kill()
    broker.start()

    status, answer = registry.register("orders", message("Order", fields=2))

    assert status == 200
    assert answer["id"] > registered["id"]
    registry.kill()
    registry.start()
    assert registry.call("GET", "/subjects/orders/versions") == (200, [1, 2])


def test_a_registry_that_starts_without_kafka_says_so_and_becomes_ready(broker: Broker, open_registry: Open) -> None:
    broker.pause()
    try:
        registry = open_registry(until="/health")
        assert registry.call("GET", "/ready")[0] == 503
        assert registry.call("GET", "/subjects")[1]["error_code"] == 50003
    finally:
        broker.resume()

    registry.wait_for("/ready")

    assert registry.call("GET", "/subjects") == (200, [])


def test_the_topic_is_compacted_and_holds_confluents_records(broker: Broker, registry: RegistryProcess, topic: str) -> None:
    registry.register("base", message("Base"))
    registry.register(
        "orders",
        'syntax = "proto3"; import "b.proto"; message O { Base b = 1; }',
        references=[{"name": "b.proto", "subject": "base", "version": 1}],
    )
    registry.call("PUT", "/config/orders", {"compatibility": "FULL"})
    registry.call("PUT", "/mode/orders", {"mode": "READONLY"})
    registry.call("PUT", "/mode/orders", {"mode": "READWRITE"})
    registry.call("DELETE", "/subjects/orders")
    registry.register(":.eu:base", message("Base"))

    written = [record for record in records_of(broker.address, topic) if record[0]["keytype"] != "NOOP"]

    assert written == [
        (
            {"keytype": "SCHEMA", "subject": "base", "version": 1, "magic": 1},
            {"subject": "base", "version": 1, "id": 1, "schemaType": "PROTOBUF", "schema": message("Base"), "deleted": False},
        ),
        (
            {"keytype": "SCHEMA", "subject": "orders", "version": 1, "magic": 1},
            {
                "subject": "orders",
                "version": 1,
                "id": 2,
                "schemaType": "PROTOBUF",
                "references": [{"name": "b.proto", "subject": "base", "version": 1}],
                "schema": 'syntax = "proto3"; import "b.proto"; message O { Base b = 1; }',
                "deleted": False,
            },
        ),
        ({"keytype": "CONFIG", "subject": "orders", "magic": 0}, {"subject": "orders", "compatibilityLevel": "FULL"}),
        ({"keytype": "MODE", "subject": "orders", "magic": 0}, {"subject": "orders", "mode": "READONLY"}),
        ({"keytype": "MODE", "subject": "orders", "magic": 0}, {"subject": "orders", "mode": "READWRITE"}),
        ({"keytype": "DELETE_SUBJECT", "subject": "orders", "magic": 0}, {"subject": "orders", "version": 1}),
        (
            {"keytype": "CONTEXT", "tenant": "default", "context": ".eu", "magic": 0},
            {"tenant": "default", "context": ".eu"},
        ),
        (
            {"keytype": "SCHEMA", "subject": ":.eu:base", "version": 1, "magic": 1},
            {"subject": ":.eu:base", "version": 1, "id": 1, "schemaType": "PROTOBUF", "schema": message("Base"), "deleted": False},
        ),
    ]


def test_a_topic_that_kafka_would_empty_in_time_is_refused(broker: Broker, topic: str, open_registry: Open) -> None:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": broker.address})
    made = admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1, config={"cleanup.policy": "delete"})])
    made[topic].result(10)

    registry = open_registry(until="/health")
    while "cleanup.policy=delete" not in registry.call("GET", "/ready")[1]["reason"]:
        assert registry.call("GET", "/ready")[0] == 503


def test_a_schema_that_kafka_does_not_take_is_refused_and_the_next_one_is_taken(registry: RegistryProcess) -> None:
    status, answer = registry.register("large", "// " + "x" * 1_000_000 + "\n" + message("Large"))

    assert (status, answer["error_code"]) == (422, 42201)
    assert "too large for Kafka" in answer["message"]
    assert registry.register("large", "// " + "x" * 900_000 + "\n" + message("Large"))[0] == 200


def test_a_listening_socket_can_be_handed_over(broker: Broker, topic: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        early = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        early.connect()  # waits in the backlog: nobody accepts yet
        environment = {"KAFKA_BOOTSTRAP_SERVERS": broker.address, "SHOP_LISTEN_FD": str(fd), "SHOP_REGISTRY_TOPIC": topic}
        with subprocess.Popen([sys.executable, "-m", "shop_contracts.registry"], env=environment, pass_fds=[fd]) as process:
            early.request("GET", "/health")
            answered = early.getresponse().status
            process.terminate()

    assert (answered, process.returncode) == (200, 0)


def test_a_wrong_environment_is_named_whole(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "shop_contracts.registry"], env={"PORT": "x"}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert "KAFKA_BOOTSTRAP_SERVERS is missing" in ended.stderr
    assert "PORT is 'x'" in ended.stderr
