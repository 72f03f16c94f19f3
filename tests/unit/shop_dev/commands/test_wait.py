"""`shop-dev wait`, seen from the terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, resource_status, sandbox_status
from shop_sandbox.events import AnyEvent, ProbeFailed, ResourceChanged, ResourceDied, ResourceState


@pytest.fixture(autouse=True)
def resources(sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(resource_status("kafka"), resource_status("orders"))


def changed(state: ResourceState, resource: str = "orders", reason: str | None = None) -> ResourceChanged:
    return ResourceChanged(at=0.0, resource=resource, state=state, reason=reason)


def test_a_resource_that_is_healthy_is_not_waited_for(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (changed(ResourceState.READY, "kafka"), changed(ResourceState.READY))

    said = shop_dev("wait", "orders")

    assert (said.status, said.out, said.err) == (0, "orders is ready.\n", "")


def test_a_resource_that_comes_up_ends_the_wait(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (changed(ResourceState.BACKING_OFF), changed(ResourceState.STARTING), changed(ResourceState.READY))

    said = shop_dev("wait", "orders", "--for", "healthy", "--json")

    assert said.document()["data"] == {"resource": "orders", "for": "healthy", "state": "ready"}


def test_a_typo_fails_at_once_and_names_what_was_meant(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    said = shop_dev("wait", "oders")

    assert said.status == 2
    assert said.err == (
        "error: There is no resource 'oders'. Did you mean orders? [resource_unknown]\n  hint: The names are: kafka, orders.\n"
    )
    assert "follow" not in sandbox.asked


def test_a_wait_that_is_too_long_is_exit_status_17_with_the_newest_reason(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()

    def follow() -> Iterator[AnyEvent]:
        yield changed(ResourceState.STARTING)
        yield ProbeFailed(at=0.0, resource="orders", reason="no database yet")
        never.wait()

    monkeypatch.setattr(sandbox, "follow", follow)

    said = shop_dev("wait", "orders", "--timeout", "0.2", "--json")
    never.set()

    error = said.document()["error"]
    assert (said.status, error["code"], error["retryable"]) == (17, "wait_timed_out", True)
    assert error["message"] == "orders is not healthy after 0.2 s; it is starting: no database yet."


def test_a_resource_that_has_failed_is_exit_status_18_with_its_last_lines(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (
        ResourceDied(
            at=0.0, resource="orders", exit_code=1, signal=None, last_lines=("KeyError: 'PORT'",), log_path="logs/orders.log"
        ),
        changed(ResourceState.FAILED, reason="exited with 1 three times"),
    )

    said = shop_dev("wait", "orders", "--json")

    error = said.document()["error"]
    assert (said.status, error["code"]) == (18, "resource_died")
    assert error["detail"] == {"resource": "orders", "lastLines": ["KeyError: 'PORT'"], "logPath": "logs/orders.log"}


def test_a_failed_resource_counts_as_stopped(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (changed(ResourceState.FAILED),)

    assert shop_dev("wait", "orders", "--for", "stopped").status == 0


def test_a_sandbox_that_stops_ends_a_wait_for_stopped(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (changed(ResourceState.READY),)

    assert shop_dev("wait", "orders", "--for", "stopped").status == 0


def test_a_sandbox_that_stops_under_a_wait_for_healthy_is_exit_status_7(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.follow_script = (changed(ResourceState.STOPPING),)

    assert shop_dev("wait", "orders").status == 7


def test_where_nothing_runs_everything_is_stopped(shop_dev: ShopDev, no_sandbox: None) -> None:
    assert shop_dev("wait", "orders", "--for", "stopped").status == 0
    assert shop_dev("wait", "orders").status == 7
    assert shop_dev("wait", "oders", "--for", "stopped").status == 2
