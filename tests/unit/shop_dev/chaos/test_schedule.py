"""Schedules: the same for a seed, the same after they were written and read, and refused as a whole where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_dev.chaos.schedule import Targets, of_seed, read
from shop_dev.errors import CliCode, ShopDevError
from shop_sandbox.chaos.fault import Bandwidth, Duplicate, Kill, Latency, Pause, Reorder, Reset, Status, Throttle

TARGETS = Targets(
    ("edge", "orders", "kafka"),
    ("orders->kafka", "orders->postgres", "orders->payments", "edge->redis", "payments->aws", "edge->inventory.grpc"),
)


def test_a_seed_makes_the_same_schedule_and_another_one_another() -> None:
    assert of_seed(7, 60, TARGETS) == of_seed(7, 60, TARGETS) != of_seed(8, 60, TARGETS)


def test_all_kinds_are_made_within_the_run_and_each_where_its_protocol_has_it() -> None:
    faults = [fault for seed in range(60) for fault in of_seed(seed, 60, TARGETS).faults]

    assert {type(fault) for fault in faults} == {
        Bandwidth, Duplicate, Kill, Latency, Pause, Reorder, Reset, Status, Throttle
    }  # fmt: skip
    assert all(0 <= fault.start <= 51 for fault in faults)
    assert {fault.target.rpartition("->")[2] for fault in faults if isinstance(fault, Reorder)} == {"kafka"}
    assert {fault.target.rpartition("->")[2] for fault in faults if isinstance(fault, Throttle)} == {"aws"}
    assert not {one.target.rpartition("->")[2] for one in faults if isinstance(one, Status)} & {"kafka", "postgres", "redis"}


def test_without_proxies_only_processes_are_struck() -> None:
    faults = of_seed(1, 120, Targets(("orders",))).faults

    assert {type(fault) for fault in faults} == {Kill, Pause}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    schedule = of_seed(5, 60, TARGETS)
    schedule.write(tmp_path / "storm.yaml")

    assert read(tmp_path / "storm.yaml") == schedule


@pytest.mark.parametrize(
    "text",
    [
        "faults: []",
        "faults: [{kind: meteor, target: kafka}]",
        "faults: [{kind: kill}]",
        "faults: [{kind: latency, target: kafka, milliseconds: 0}]",
        "faults: [{kind: kill, target: kafka, force: 9}]",
        "fautls: []",
        "[",
    ],
)
def test_what_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "storm.yaml"
    path.write_text(text)

    with pytest.raises(ShopDevError) as caught:
        read(path)
    assert caught.value.code == CliCode.SCHEDULE_INVALID
