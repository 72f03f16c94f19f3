"""`shop-dev explain` after `down`: from what traces and logs have kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_sandbox.telemetry.store import KeyRow, SpanRow, SpanStore

NOW_NS = int(time.time()) * 10**9
"""A whole second: the stamps of logs below are cut to one, and what happens must stay in order."""


def row(
    span: str, service: str, name: str, kind: str, *, after_ms: int, parent: str | None = None, **attributes: object
) -> SpanRow:
    began = NOW_NS - 60_000_000_000 + after_ms * 1_000_000
    told = json.dumps({"shop.order_id": "ord_1", **{key.replace("__", "."): value for key, value in attributes.items()}})
    return SpanRow("aa", span, parent, service, name, kind, began, began + 5_000_000, "unset", "", told, "[]")


@pytest.fixture
def kept(checkout: Path, no_sandbox: None) -> Path:
    """What a sandbox that is down has kept of one order."""
    with (checkout / "pyproject.toml").open("a") as settings:
        settings.write('keys = ["order_id"]\n')
    home = checkout / ".shop-dev" / "default"
    store = SpanStore(home / "telemetry.sqlite")
    consumed = {"messaging__consumer__group__name": "orders", "messaging__message__id": "m1"}
    store.add(
        [
            row("1", "edge", "POST /v1/orders", "server", after_ms=0, http__response__status_code=202),
            row(
                "2",
                "orders",
                "Declined process",
                "consumer",
                after_ms=100,
                parent="1",
                shop__outcome="rejected: declined",
                **consumed,
            ),
        ],
        [KeyRow("ord_1", "aa")],
    )
    store.close()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(NOW_NS / 1e9 - 59))
    record = json.dumps({"level": "warning", "message": "a message waits", "reason": "psp is away", "order_id": "ord_1"})
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "payments.log").write_text(f"{stamp}.000Z {record}\n")
    return home


def test_the_story_of_an_order_is_told_after_down(shop_dev: ShopDev, kept: Path) -> None:
    said = shop_dev("explain", "ord_1")

    assert [line[16:] for line in said.out.splitlines()[2:5]] == [
        "edge was asked POST /v1/orders and answered 202 within 5 ms",
        "orders dealt with Declined within 5 ms",
        "payments logged: a message waits: psp is away",
    ]
    assert said.out.splitlines()[-1].endswith(": rejected: declined")


def test_scripts_are_told_the_same(shop_dev: ShopDev, kept: Path) -> None:
    data = shop_dev("explain", "aa", "--json").document()["data"]

    assert (data["subject"], data["outcome"], data["waits"], data["stage"]) == ("ord_1", "rejected: declined", [], None)
    assert [step["isTrouble"] for step in data["steps"]] == [False, False, True]


def test_what_nobody_mentions_is_not_found_and_nothing_is_wrong_use(shop_dev: ShopDev, kept: Path) -> None:
    assert shop_dev("explain", "ord_2").status == 1
    assert shop_dev("explain", " ").status == 2
