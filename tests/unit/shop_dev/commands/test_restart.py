"""`shop-dev restart`, seen from the terminal."""

from __future__ import annotations

from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceChanged, ResourceDied, ResourceState, SandboxFailed, SandboxReady

READY = SandboxReady(at=4e9, seconds=0.4, critical_path=(), endpoints={}, generation=1)


def test_it_returns_when_the_resources_are_ready_again(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.restart_script = (ResourceChanged(at=4e9, resource="orders", state=ResourceState.STOPPED), READY)

    one = shop_dev("restart", "orders")
    two = shop_dev("restart", "orders", "edge", "--json")

    assert (one.status, sandbox.asked) == (0, ["restart orders", "restart orders edge"])
    assert one.out.endswith("orders is ready again in 0.40 s.\n")
    assert two.document()["data"] == {"resources": ["orders", "edge"], "seconds": 0.4}


def test_one_that_does_not_come_back_is_exit_status_18_and_the_reason_stands_last(
    shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    sandbox.restart_script = (
        ResourceDied(at=4e9, resource="orders", exit_code=1, signal=None, last_lines=("boom",), log_path="logs/orders.log"),
        SandboxFailed(
            at=4e9, code="resource_died", message="orders ended before it was ready: boom", detail={"lastLines": ["boom"]}
        ),
    )

    said = shop_dev("restart", "orders")
    document = shop_dev("restart", "orders", "--json").document()

    assert said.status == 18
    assert said.err.startswith("error: orders ended before it was ready: boom [resource_died]")
    assert document["error"]["detail"]["lastLines"] == ["boom"]


def test_an_unknown_name_is_wrong_use(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.restart_script = (SandboxError(ErrorCode.RESOURCE_UNKNOWN, "There is no resource 'oders'."),)

    assert shop_dev("restart", "oders").status == 2
