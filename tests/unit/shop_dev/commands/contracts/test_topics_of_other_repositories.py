"""A service that consumes what another repository releases: `contracts check` over here, with nothing of theirs but the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import ShopDev
from fakes.contract_repository import ContractRepository

CONSUMER = """
schemaVersion: 1
service: loyalty
summary: Counts points
owner: loyalty
runtime: {{ command: [sleep, "1000"] }}
needs:
  topics:
    consumes:
      - {{ name: {topic}, group: loyalty, releasedIn: ../theirs/contracts/baselines, reads: [{read}] }}
"""


@pytest.fixture
def theirs(tmp_path: Path, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that has released its contracts."""
    repository = ContractRepository.plant(tmp_path / "theirs")
    monkeypatch.chdir(repository.root)
    assert shop_dev("contracts", "release").status == 0
    return repository.root


@pytest.fixture
def ours(tmp_path: Path, theirs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository beside it."""
    root = tmp_path / "ours"
    (root / "services/loyalty").mkdir(parents=True)
    (root / "shop-dev.toml").write_text('services = ["services/*/service.yaml"]\n')
    monkeypatch.chdir(root)
    return root


def check(shop_dev: ShopDev, ours: Path, *, topic: str = "tills.sales.v1", read: str) -> list[dict[str, Any]]:
    (ours / "services/loyalty/service.yaml").write_text(CONSUMER.format(topic=topic, read=read))
    found: list[dict[str, Any]] = shop_dev("contracts", "check", "--json").document()["data"]["findings"]
    return found


def test_what_is_released_may_be_read(shop_dev: ShopDev, ours: Path) -> None:
    assert check(shop_dev, ours, read="sale_closed.lines.quantity") == []


def test_a_field_that_is_not_released_is_told(shop_dev: ShopDev, ours: Path) -> None:
    (found,) = check(shop_dev, ours, read="sale_closed.lines.colour")

    assert (found["group"], found["id"], found["file"]) == ("consumers", "read-of-unknown-field", "services/loyalty/service.yaml")
    assert found["message"] == (
        "loyalty reads sale_closed.lines.colour of tills.sales.v1, and version 1, which is released, has no such field."
    )


def test_a_released_contract_that_was_edited_is_no_ground_to_build_on(shop_dev: ShopDev, ours: Path, theirs: Path) -> None:
    (schema,) = (theirs / "contracts/baselines/tills.sales.v1-value/1").rglob("sales.proto")
    schema.write_text(schema.read_text().replace("int32 quantity", "int64 quantity"))

    found = check(shop_dev, ours, read="sale_closed.lines.quantity")

    assert [one["id"] for one in found] == ["baseline-edited"]


def test_a_topic_that_is_not_released_there_is_told_with_the_nearest(shop_dev: ShopDev, ours: Path) -> None:
    (found,) = check(shop_dev, ours, topic="tills.sale.v1", read="sale_closed.lines.quantity")

    assert found["id"] == "manifest-invalid"
    assert "has no released contract of 'tills.sale.v1'" in found["message"]
    assert found["hint"] == "did you mean 'tills.sales.v1'?"
