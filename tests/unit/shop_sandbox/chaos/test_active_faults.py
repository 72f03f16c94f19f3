"""Which faults a link has at a moment."""

from __future__ import annotations

import random

import msgspec
import pytest
from shop_sandbox.chaos.active import Active
from shop_sandbox.chaos.fault import AnyFault, Kill, Latency, Reset, Status
from shop_sandbox.chaos.link import Link, Protocol

PAYMENTS = Link("orders", "payments", Protocol.HTTP, 1, 2)
STOCK = Link("edge", "inventory.grpc", Protocol.STREAM, 3, 4)


@pytest.mark.parametrize(
    ("target", "link", "is_meant"),
    [
        ("payments", PAYMENTS, True),
        ("orders->payments", PAYMENTS, True),
        ("edge->payments", PAYMENTS, False),
        ("orders", PAYMENTS, False),
        ("edge->inventory", STOCK, True),
        ("inventory.grpc", STOCK, True),
    ],
)
def test_a_target_is_a_callee_or_one_callers_way_to_it(target: str, link: Link, is_meant: bool) -> None:
    assert link.is_meant_by(Reset(target=target)) is is_meant


def test_a_fault_ends_after_its_seconds() -> None:
    clock = [0.0]
    active = Active(random.Random(1), now=lambda: clock[0])
    active.begin(Latency(target="payments", seconds=2, milliseconds=500))

    assert active.delay(PAYMENTS) == 0.5
    clock[0] = 2.1
    assert active.delay(PAYMENTS) == 0.0
    assert active.now() == []


def test_faults_on_top_of_each_other_add_up_and_are_counted() -> None:
    active = Active(random.Random(1), now=lambda: 0.0)
    active.begin(Latency(target="payments", seconds=2, milliseconds=500))
    active.begin(Latency(target="orders->payments", seconds=2, milliseconds=100, operations=("GET *",)))

    assert active.delay(PAYMENTS, "GET /v1") == 0.6
    assert active.delay(PAYMENTS, "POST /v1") == 0.5
    assert active.struck["orders->payments", "latency"] == 3


def test_faults_are_data() -> None:
    for fault in (Kill(target="kafka", start=1), Status(target="orders->payments", seconds=2, status=500, lost_answer=True)):
        assert msgspec.json.decode(msgspec.json.encode(fault), type=AnyFault) == fault
    with pytest.raises(msgspec.ValidationError, match="sahre"):
        msgspec.convert({"kind": "duplicate", "target": "kafka", "sahre": 1}, AnyFault)
