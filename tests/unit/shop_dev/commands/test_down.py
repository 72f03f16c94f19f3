"""`shop-dev down`, seen from the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_sandbox.events import AnyEvent, ResourceChanged, ResourceState, SandboxStopped, Swept


def test_a_stop_says_how_long_it_took(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    said = shop_dev("down")

    assert (said.status, said.out, said.err) == (0, "Stopped in 0.4 s.\n", "")


def test_a_stop_as_json(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    assert shop_dev("down", "--json").document()["data"] == {
        "seconds": 0.4,
        "purged": False,
        "forced": [],
        "lost": [],
    }


def test_who_had_to_be_killed_is_named(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.down_script = (SandboxStopped(at=4e9, seconds=10.2, forced=("orders",)),)

    said = shop_dev("down", "--json")

    assert said.status == 0
    assert said.document()["data"]["forced"] == ["orders"]
    assert said.document()["warnings"] == ["orders did not end when asked, and was killed."]


def test_a_stop_that_lost_data_is_no_success(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.down_script = (SandboxStopped(at=4e9, seconds=10.2, forced=("aws",), lost=("aws",)),)

    said = shop_dev("down", "--json")

    assert said.status == 1
    assert said.document()["error"]["code"] == "emulator_state_lost"
    assert said.document()["error"]["detail"]["lost"] == ["aws"]


def test_purge_is_handed_on(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    assert shop_dev("down", "--purge", "--json").document()["data"]["purged"] is True
    assert sandbox.asked == ["down purge"]


def test_ctrl_c_makes_the_stop_immediate(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.down_script = (KeyboardInterrupt(),)

    said = shop_dev("down")

    assert (said.status, said.out) == (0, "Stopping at once.\nStopped in 0.1 s.\n")
    assert sandbox.asked == ["down", "down force"]


def test_nothing_to_stop_is_exit_status_7(shop_dev: ShopDev, no_sandbox: None) -> None:
    said = shop_dev("down")

    assert (said.status, said.out) == (7, "")


def test_purge_removes_what_a_sandbox_that_is_not_running_has_kept(
    checkout: Path, shop_dev: ShopDev, no_sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".shop-dev" / "default").mkdir(parents=True)

    def purge(project: object) -> Iterator[AnyEvent]:
        yield Swept(at=4e9, what="process", resource="kafka", pid=12)
        shutil.rmtree(checkout / ".shop-dev" / "default")
        yield SandboxStopped(at=4e9, seconds=0.1)

    monkeypatch.setattr("shop_dev.sandbox.purge", purge)

    said = shop_dev("down", "--purge")

    assert said.status == 0
    assert said.out.startswith("kafka                removed what a dead sandbox left: process (pid 12)\n")
    assert said.out.endswith("Nothing was running; what was kept is removed.\n")


def test_purge_with_nothing_kept_is_exit_status_7(shop_dev: ShopDev, no_sandbox: None) -> None:
    assert shop_dev("down", "--purge").status == 7


def test_what_never_ran_is_not_told_as_stopped(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.down_script = (
        ResourceChanged(at=4e9, resource="kafka", state=ResourceState.STOPPING),
        ResourceChanged(at=4e9, resource="orders", state=ResourceState.STOPPED),
        ResourceChanged(at=4e9, resource="kafka", state=ResourceState.STOPPED),
        SandboxStopped(at=4e9, seconds=0.4),
    )

    assert shop_dev("down").out == "kafka                stopped\nStopped in 0.4 s.\n"


def test_the_hint_names_the_sandbox_that_was_asked_for(checkout: Path, shop_dev: ShopDev) -> None:
    said = shop_dev("down", "--name", "spike")

    assert said.status == 7
    assert "hint: start it with `shop-dev up --name spike`" in said.err


def test_what_could_not_be_removed_is_not_told_as_purged(
    checkout: Path, shop_dev: ShopDev, no_sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".shop-dev" / "default").mkdir(parents=True)
    monkeypatch.setattr("shop_dev.sandbox.purge", lambda project: iter((SandboxStopped(at=4e9, seconds=0.1),)))

    document = shop_dev("down", "--purge", "--json").document()

    assert document["data"]["purged"] is False
    assert "could not be removed as a whole" in document["warnings"][0]


def test_all_and_one_do_not_go_together(shop_dev: ShopDev) -> None:
    assert shop_dev("down", "--all", "--name", "load").status == 2
