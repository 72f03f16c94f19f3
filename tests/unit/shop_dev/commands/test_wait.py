"""`shop-dev wait`, seen from the terminal."""

from __future__ import annotations

import time

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, resource_status, sandbox_status
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState
from shop_sandbox.supervisor.protocol import LastExit, SandboxStatus

GONE = SandboxError(ErrorCode.NOT_RUNNING, "sandbox default is not running")


def orders(state: ResourceState = ResourceState.READY, **facts: object) -> SandboxStatus:
    return sandbox_status(resource_status("kafka"), resource_status("orders", state, **facts))


def test_a_resource_that_is_healthy_is_not_waited_for(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = orders()

    said = shop_dev("wait", "orders")

    assert (said.status, said.out, said.err) == (0, "orders is ready.\n", "")


def test_a_resource_that_comes_up_ends_the_wait(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reports = [orders(ResourceState.BACKING_OFF), orders(ResourceState.STARTING)]
    sandbox.reported = orders()

    said = shop_dev("wait", "orders", "--for", "healthy", "--json")

    assert said.document()["data"] == {"for": "healthy", "resources": {"orders": "ready"}}


def test_without_names_everything_that_was_asked_for_is_waited_for(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    idle = resource_status("edge", ResourceState.PENDING, is_wanted=False)
    sandbox.reports = [sandbox_status(resource_status("kafka", ResourceState.STARTING), resource_status("redis"), idle)]
    sandbox.reported = sandbox_status(resource_status("kafka"), resource_status("redis"), idle)

    said = shop_dev("wait")

    assert (said.status, said.out) == (0, "Everything is healthy.\n")
    assert sandbox.reports == []
    assert shop_dev("wait", "--json").document()["data"]["resources"] == {"kafka": "ready", "redis": "ready"}


def test_a_typo_fails_at_once_and_names_what_was_meant(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = orders()

    said = shop_dev("wait", "oders")

    assert said.status == 2
    assert said.err == (
        "error: There is no resource 'oders'. Did you mean orders? [resource_unknown]\n  hint: The names are: kafka, orders.\n"
    )


def test_a_wait_that_is_too_long_is_exit_status_17_with_the_newest_reason(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = orders(ResourceState.STARTING, last_probe_error="no database yet")

    said = shop_dev("wait", "orders", "--timeout", "0.2", "--json")

    error = said.document()["error"]
    assert (said.status, error["code"], error["retryable"]) == (17, "wait_timed_out", True)
    assert error["message"] == "orders is not healthy after 0.2 s; it is starting: no database yet."


def test_a_resource_that_has_failed_is_exit_status_18_at_once_with_the_line_that_matters(
    shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    ended = LastExit(at=time.time(), code=1, signal=None, line="KeyError: 'PORT'")
    sandbox.reported = orders(
        ResourceState.FAILED, failure="orders ended before it was ready (exited with status 1): KeyError: 'PORT'", last_exit=ended
    )

    said = shop_dev("wait", "orders", "--timeout", "600")

    assert said.status == 18
    assert said.err.splitlines() == [
        "error: orders ended before it was ready (exited with status 1): KeyError: 'PORT' [resource_died]",
        "  hint: shop-dev logs orders",
        "  hint: shop-dev restart orders",
    ]


def test_what_waits_for_something_that_has_failed_names_the_cause(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = orders(
        ResourceState.FAILED,
        failure="orders waits for provision-databases, which failed: 0002_gift.sql is gone",
        waits_for="provision-databases",
    )

    error = shop_dev("wait", "orders", "--timeout", "600", "--json").document()["error"]

    assert error["message"] == "orders waits for provision-databases, which failed: 0002_gift.sql is gone"
    assert error["actions"][0]["command"] == "shop-dev logs provision-databases"


def test_one_that_is_up_between_two_crashes_is_not_healthy(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    ended = LastExit(at=time.time() - 2, code=3, signal=None, line="RuntimeError: no table")
    sandbox.reported = orders(ResourceState.READY, crashes_in_a_row=4, last_exit=ended)

    said = shop_dev("wait", "orders", "--timeout", "0.1")

    assert said.status == 17
    assert "it is ready: crashed 2 s ago, exit 3, 4th time: RuntimeError: no table." in said.err


def test_a_failed_resource_counts_as_stopped(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = orders(ResourceState.FAILED, failure="orders failed")

    assert shop_dev("wait", "orders", "--for", "stopped").status == 0


@pytest.mark.parametrize(("wanted", "status"), [("stopped", 0), ("healthy", 7)])
def test_a_sandbox_that_stops_ends_the_wait(wanted: str, status: int, shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reports = [orders(ResourceState.STOPPING), GONE]

    assert shop_dev("wait", "orders", "--for", wanted).status == status


def test_where_nothing_runs_everything_is_stopped(shop_dev: ShopDev, no_sandbox: None) -> None:
    assert shop_dev("wait", "orders", "--for", "stopped").status == 0
    assert shop_dev("wait", "orders").status == 7
    assert shop_dev("wait", "oders", "--for", "stopped").status == 2
