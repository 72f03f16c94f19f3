"""A task tells all that it refuses, and ends with status 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.checkout_tree import GLOBS, CheckoutTree
from shop_sandbox.provision.task import Outcome, Refused, Report, Wanted, all_of, run_task


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckoutTree:
    monkeypatch.setenv("SHOP_CHECKOUT", str(tmp_path))
    monkeypatch.setenv("SHOP_SERVICE_GLOBS", json.dumps(GLOBS))
    return CheckoutTree.plant(tmp_path)


@pytest.mark.usefixtures("checkout")
def test_everything_refused_is_told_and_the_rest_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    async def refused(name: str) -> None:
        raise Refused("table", name, "it is crooked", "straighten it")

    async def provision(wanted: Wanted, report: Report) -> None:
        async def made() -> None:
            report("table", "c", Outcome.MADE, "")

        await all_of([refused("a"), all_of([refused("b"), made()])])

    with pytest.raises(SystemExit) as ended:
        run_task(provision)

    told = capsys.readouterr()
    assert ended.value.code == 1
    assert told.out == '{"kind": "table", "name": "c", "outcome": "made"}\n'
    assert told.err == "table a: it is crooked\n  hint: straighten it\ntable b: it is crooked\n  hint: straighten it\n"


@pytest.mark.usefixtures("checkout")
def test_one_refusal_that_two_steps_ran_into_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    fault = Refused("schema", "x", "it is crooked", "")

    async def step() -> None:
        raise fault

    async def provision(wanted: Wanted, report: Report) -> None:
        await all_of([step(), step()])

    with pytest.raises(SystemExit):
        run_task(provision)

    assert capsys.readouterr().err == "schema x: it is crooked\n"


@pytest.mark.usefixtures("checkout")
def test_a_fault_of_the_program_is_not_dressed_up_as_a_refusal() -> None:
    async def wrong() -> None:
        raise ZeroDivisionError

    async def provision(wanted: Wanted, report: Report) -> None:
        await all_of([wrong()])

    with pytest.raises(ZeroDivisionError):
        run_task(provision)


def test_a_broken_manifest_ends_the_task_with_its_faults(checkout: CheckoutTree, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.change("stock", "owner: warehouse", "owner: ''")

    async def provision(wanted: Wanted, report: Report) -> None:
        raise AssertionError("not reached")

    with pytest.raises(SystemExit):
        run_task(provision)

    assert "services/stock/service.yaml:4:1: owner" in capsys.readouterr().err
