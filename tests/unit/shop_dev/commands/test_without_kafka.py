"""Commands that look into Kafka, in a sandbox that runs none."""

from __future__ import annotations

import io

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, resource_status, sandbox_status


@pytest.mark.parametrize(
    "command", [("topics",), ("lag",), ("peek", "shop.orders.events.v1"), ("produce", "shop.orders.events.v1")], ids=" ".join
)
def test_it_is_said_that_no_service_declares_a_topic(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    sandbox.reported = sandbox_status(resource_status("greeter"))

    said = shop_dev(*command)

    assert said.status == 1
    assert "This sandbox runs no Kafka" in said.err
    assert "fault of shop-dev" not in said.err
