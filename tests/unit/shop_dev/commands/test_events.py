"""`shop-dev events`, seen from the terminal."""

from __future__ import annotations

import json

from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_sandbox.events import CodeChanged, ResourceChanged, ResourceState

READY = ResourceChanged(at=1_769_860_800.0, resource="kafka", state=ResourceState.READY, seconds=1.02, endpoint="127.0.0.1:9092")
CHANGED = CodeChanged(at=1_769_860_801.0, files=("a.py",), resources=("orders",))


def test_each_event_has_a_line_with_its_time(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.events_script = (READY, CHANGED)

    said = shop_dev("events")

    assert [line[9:] for line in said.out.splitlines()] == [
        "kafka                ready in 1.02 s 127.0.0.1:9092",
        "changed              a.py: starting orders again",
    ]


def test_scripts_get_a_document_or_when_following_a_line_each(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.events_script = (READY, CHANGED)

    listed = shop_dev("events", "--json").document()["data"]["events"]
    followed = [json.loads(line) for line in shop_dev("events", "-f", "--since", "10m", "--json").out.splitlines()]

    assert [event["event"] for event in listed] == ["resource-changed", "code-changed"]
    assert followed[:-1] == listed
    assert followed[-1]["status"] == "ok"
    assert sandbox.asked[0] == "events since 0"
    assert sandbox.asked[1].endswith(" follow")
