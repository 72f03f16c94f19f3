"""`shop-dev restart`, seen from the terminal."""

from __future__ import annotations

from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceChanged, ResourceDied, ResourceState


def test_it_returns_when_the_resource_is_ready_again(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.restart_script = (
        ResourceChanged(at=4e9, resource="orders", state=ResourceState.STOPPED),
        ResourceChanged(at=4e9, resource="edge", state=ResourceState.READY, seconds=9.0),
        ResourceChanged(at=4e9, resource="orders", state=ResourceState.READY, seconds=0.4),
    )

    said = shop_dev("restart", "orders")

    assert (said.status, sandbox.asked) == (0, ["restart orders"])
    assert said.out.endswith("orders is ready again in 0.40 s.\n")


def test_one_that_does_not_come_back_is_exit_status_18(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.restart_script = (
        ResourceDied(at=4e9, resource="orders", exit_code=1, signal=None, last_lines=("boom",), log_path="logs/orders.log"),
        ResourceChanged(at=4e9, resource="orders", state=ResourceState.FAILED, reason="exited with 1"),
    )

    said = shop_dev("restart", "orders", "--json")

    assert said.status == 18
    assert said.document()["error"]["detail"]["lastLines"] == ["boom"]


def test_an_unknown_name_is_wrong_use(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.restart_script = (SandboxError(ErrorCode.RESOURCE_UNKNOWN, "There is no resource 'oders'."),)

    assert shop_dev("restart", "oders").status == 2
