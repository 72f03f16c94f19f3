"""`shop-dev stop`, seen from the terminal."""

from __future__ import annotations

from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceChanged, ResourceState


def test_it_says_what_was_stopped(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.stop_script = (ResourceChanged(at=4e9, resource="orders", state=ResourceState.STOPPED, reason="stop was asked for"),)

    said = shop_dev("stop", "orders", "--dependents", "--json")

    assert (said.status, said.document()["data"]) == (0, {"stopped": ["orders"]})
    assert sandbox.asked == ["stop orders dependents"]


def test_a_name_is_needed_and_must_be_known(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.stop_script = (SandboxError(ErrorCode.RESOURCE_UNKNOWN, "There is no resource 'oders'."),)

    assert (shop_dev("stop").status, shop_dev("stop", "oders").status) == (2, 2)


def test_where_nothing_runs_there_is_nothing_to_stop(shop_dev: ShopDev, no_sandbox: None) -> None:
    assert shop_dev("stop", "orders").status == 7
