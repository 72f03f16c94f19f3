"""A shop that is struck while it is loaded: its books are right afterwards, and the guide about it can be typed.

SHOP_CHAOS_SEEDS (`1-20`) has more seeds played than the one of every run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.shop import CHECKOUT, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def _seeds() -> list[Any]:
    first, _, last = os.environ.get("SHOP_CHAOS_SEEDS", "").partition("-")
    if not first:
        return [pytest.param(0, marks=pytest.mark.skip(reason="SHOP_CHAOS_SEEDS names no more seeds"))]
    return [*range(int(first), int(last or first) + 1)]


@pytest.fixture(scope="module")
def stormy() -> Iterator[Sandbox]:
    """A sandbox with proxies."""
    started = Sandbox(f"chaos-{uuid.uuid4().hex[:6]}")
    try:
        started.cli("up", "--chaos")
        yield started
    finally:
        started.cli("down", "--purge")


def test_the_guide_can_be_typed_and_the_books_are_right(stormy: Sandbox, tmp_path: Path) -> None:
    guide = _files_of("chaos-under-load.md", tmp_path)
    commands = [
        line for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) for line in block.splitlines() if " load " in line
    ]
    assert len(commands) == 2

    for command in commands:
        words = [str(tmp_path / word) if (tmp_path / word).is_file() else word for word in command.split()[2:]]
        told = _loaded(stormy, *words)

        assert told["chaos"]["wrong"] == []
        assert [one for one in told["chaos"]["struck"] if one["missed"]] == []
        assert told["chaos"]["counted"]["orders"] > 0
        assert told["operations"]


def test_a_red_objective_leads_to_the_store_and_the_span_that_caused_it(stormy: Sandbox, tmp_path: Path) -> None:
    _files_of("from-red-to-the-span.md", tmp_path)

    told = _loaded(stormy, str(tmp_path / "buyers.yaml"), "--chaos", str(tmp_path / "slow.yaml"))

    assert told["chaos"]["wrong"] == []
    (placed,) = (one for one in told["operations"] if one["operation"] == "placeOrder")
    assert placed["milliseconds"]["p50"] > 100
    (orders,) = (one for one in told["time"]["operations"] if one["operation"] == "POST /v1/orders")
    shares = orders["milliseconds"]
    assert shares["PostgreSQL"] == max(shares.values()) > 150
    spans = _spans(stormy.cli("trace", orders["slowestTrace"])["roots"])
    assert max(spans, key=_waited)["service"] == "orders"
    assert _waited(max(spans, key=_waited)) > 0.15
    behind = next(one for one in told["time"]["operations"] if one["operation"] == "POST /v1/orders until the last message")
    assert behind["milliseconds"]["Kafka"] > 0
    assert told["time"]["cpuMilliseconds"]["orders"]["total"] > 0


def _waited(span: dict[str, Any]) -> float:
    return float(span["attributes"].get("shop.waited.postgresql", 0.0))


def _spans(roots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [span for root in roots for span in (root, *_spans(root["children"]))]


def _files_of(guide: str, folder: Path) -> str:
    """Write the files that a guide shows, and return its text."""
    text = (CHECKOUT / "docs" / "guides" / guide).read_text(encoding="utf-8")
    for name, content in re.findall(r"```yaml file=(\S+)\n(.*?)```", text, re.DOTALL):
        (folder / name).write_text(content)
    return text


@pytest.mark.parametrize("seed", _seeds())
def test_the_books_are_right_after_the_storm_of_any_seed(stormy: Sandbox, seed: int) -> None:
    told = _loaded(stormy, "baseline", "--rate", "6", "--duration", "25", "--chaos-seed", str(seed), "--shrink-tries", "0")

    assert told["chaos"]["wrong"] == [], told["chaos"]["struck"]


def _loaded(sandbox: Sandbox, *arguments: str) -> dict[str, Any]:
    """What a run reports, whatever its verdict."""
    command = [sys.executable, "-m", "shop_dev", "load", *arguments, "--name", sandbox.name, "--json"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=800)
    document = json.loads(done.stdout)
    assert document["data"] is not None, document["error"]
    return dict(document["data"])
