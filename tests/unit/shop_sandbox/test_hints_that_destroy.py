"""A hint is pasted as it is: one that destroys data must name the sandbox it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_sandbox.disk import disk_full, disk_full_explained
from shop_sandbox.errors import SandboxError
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.provision.task import EVERYTHING, Afresh, Refused
from shop_sandbox.state import emulator_lost, incomplete


@pytest.fixture
def load(tmp_path: Path) -> SandboxPaths:
    return SandboxPaths(checkout=tmp_path, name="load", runtime_dir=tmp_path)


def test_incomplete_state(load: SandboxPaths) -> None:
    assert incomplete(load, missing=["aws"], present=["kafka"]).actions[0].startswith("`shop-dev up --reset --name load` ")
    assert emulator_lost(load, "aws", "killed", []).actions[0].startswith("`shop-dev up --reset --name load` ")


def test_a_full_disk(load: SandboxPaths) -> None:
    with pytest.raises(SandboxError) as full, disk_full_explained(load.data("kafka"), "a segment"):
        raise OSError(28, "No space left on device")

    assert full.value.actions[-1].endswith("`shop-dev down --purge --name load`")
    assert "`shop-dev down --purge --name load`" in disk_full(load.ledger).actions[-1]


def test_something_that_cannot_be_provisioned() -> None:
    refused = Refused("topic", "orders", "it has 3 partitions", "set `partitions: 3`", or_afresh=EVERYTHING)

    assert refused.told(sandbox="load").endswith("or start afresh with `shop-dev up --reset --name load`")
    assert str(refused).endswith("or start afresh with `shop-dev up --reset`"), "the default sandbox needs no name"


def test_what_one_service_would_lose() -> None:
    afresh = Afresh("orders", "2 tables of orders with about 1,204 rows")
    refused = Refused("migration", "0002_a.sql", "was applied and is gone", "bring the file back", or_afresh=afresh)

    assert refused.told(sandbox="load").endswith(
        "or start orders afresh with `shop-dev up --reset orders --name load`, which loses 2 tables of orders with about 1,204 rows"
    )


def test_the_default_sandbox_needs_no_name(tmp_path: Path) -> None:
    default = SandboxPaths(checkout=tmp_path, name="default", runtime_dir=tmp_path)

    assert incomplete(default, missing=["aws"], present=[]).actions[0].startswith("`shop-dev up --reset` ")
