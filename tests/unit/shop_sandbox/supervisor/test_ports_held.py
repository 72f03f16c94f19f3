"""Ports are chosen once, remembered, and nobody else's while the sandbox has them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.supervisor.ports import claim, extend


def test_ports_are_the_same_in_the_next_run(tmp_path: Path) -> None:
    first = claim(("kafka", "redis"), remembered_in=tmp_path / "ports.json", overrides={}, seed="a")
    first.close()

    second = claim(("redis", "kafka", "orders"), remembered_in=tmp_path / "ports.json", overrides={}, seed="b")
    second.close()

    assert {key: second.numbers[key] for key in first.numbers} == first.numbers
    assert len(set(second.numbers.values())) == 3


def test_ports_lie_below_those_of_outgoing_connections(tmp_path: Path) -> None:
    ports = claim((f"r{number}" for number in range(60)), remembered_in=tmp_path / "ports.json", overrides={}, seed="x")
    ports.close()

    assert all(20_000 <= number < 32_000 for number in ports.numbers.values())


def test_two_sandboxes_never_choose_the_same_port(tmp_path: Path) -> None:
    one = claim(("kafka", "redis"), remembered_in=tmp_path / "one.json", overrides={}, seed="same")
    other = claim(("kafka", "redis"), remembered_in=tmp_path / "other.json", overrides={}, seed="same")
    one.close()
    other.close()

    assert not set(one.numbers.values()) & set(other.numbers.values())


def test_a_port_remembered_by_two_sandboxes_belongs_to_the_one_that_runs(tmp_path: Path) -> None:
    holding = claim(("kafka",), remembered_in=tmp_path / "one.json", overrides={}, seed="same")
    (tmp_path / "other.json").write_text(f'{{"ports": {{"kafka": {holding.numbers["kafka"]}}}}}')

    with pytest.raises(SandboxError) as refused:
        claim(("kafka",), remembered_in=tmp_path / "other.json", overrides={}, seed="same")
    holding.close()

    assert refused.value.code is ErrorCode.PORT_TAKEN
    assert refused.value.detail["pid"] == os.getpid()


def test_an_override_is_used_and_not_remembered(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]

    ports = claim(("kafka",), remembered_in=tmp_path / "ports.json", overrides={"kafka": number}, seed="x")
    ports.close()

    assert ports.numbers == {"kafka": number}
    assert not (tmp_path / "ports.json").exists()


def test_a_refused_claim_holds_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = claim(("redis",), remembered_in=tmp_path / "ports.json", overrides={}, seed="x")
        first.close()
        with pytest.raises(SandboxError) as refused:
            claim(
                ("redis", "zzz.admin"),
                remembered_in=tmp_path / "ports.json",
                overrides={"zzz.admin": taken.getsockname()[1]},
                seed="x",
            )

    assert "SHOP_ZZZ_ADMIN_PORT" in refused.value.actions[0]
    claim(("redis",), remembered_in=tmp_path / "ports.json", overrides={}, seed="x").close()


def test_a_listener_handed_over_queues_connections_before_anybody_accepts(tmp_path: Path) -> None:
    ports = claim(("orders",), remembered_in=tmp_path / "ports.json", overrides={}, seed="x")

    listener = ports.listener("orders")
    with socket.create_connection(("127.0.0.1", ports.numbers["orders"]), timeout=5) as client:
        accepted, _ = listener.accept()
        accepted.sendall(b"x")
        received = client.recv(1)
        accepted.close()
    ports.close()

    assert received == b"x"


def test_a_new_key_is_added_beside_those_held(tmp_path: Path) -> None:
    ports = claim(("kafka",), remembered_in=tmp_path / "ports.json", overrides={}, seed="x")
    kafka = ports.numbers["kafka"]

    extend(ports, ("kafka", "orders"), remembered_in=tmp_path / "ports.json", overrides={}, seed="x")
    ports.close()

    assert ports.numbers["kafka"] == kafka
    assert set(ports.numbers) == {"kafka", "orders"}
