"""`shop-dev load`: the guide as it stands, and a run that says what it found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from e2e.shop import CHECKOUT, Sandbox, Shop

pytestmark = pytest.mark.e2e

GUIDE = CHECKOUT / "docs/guides/load-the-shop.md"
OPERATIONS = {"getProduct", "getStockItem", "listCategories", "listProductsInCategory", "searchProducts", "suggestWords"}
"""Of what visits of these few seconds do for sure: which journeys they make is thrown by dice."""


def test_the_guide_loads_the_shop_as_it_stands(sandbox: Sandbox, shop: Shop, tmp_path: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name, text in re.findall(r"```yaml file=(\S+)\n(.*?)```", guide, re.DOTALL):
        (tmp_path / name).write_text(text)
    commands = [
        line
        for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("shop-dev load") and not {"--compare", "--find-capacity"} & {*line.split()}
    ]
    assert len(commands) == 2

    for command in commands:
        data = _loaded(sandbox, *(str(tmp_path / word) if word.endswith(".yaml") else word for word in command.split()[2:]))

        assert {one["operation"] for one in data["operations"]} >= OPERATIONS
        assert [one for one in data["operations"] if one["failures"]] == []
        assert data["generator"]["faults"] == []
        assert data["verdict"] in {"green", "red", "invalid"}  # how quick this machine is today is no matter of this test


def test_as_many_orders_completed_as_were_placed(sandbox: Sandbox, shop: Shop, tmp_path: Path) -> None:
    profile = tmp_path / "buyers.yaml"
    profile.write_text(
        "summary: Buyers only.\njourneys: {checkout: 1}\nstages: [{seconds: 3, rate: 4}]\nslos: [{operation: '*', failures: 0}]\n"
    )

    page, suite, log = tmp_path / "run.html", tmp_path / "run.xml", tmp_path / "run.hlog"
    files = ("--html", str(page), "--junit", str(suite), "--hlog", str(log))

    data = _loaded(sandbox, str(profile), "--workers", "2", *files)

    calls = {one["operation"]: one["calls"] for one in data["operations"]}
    assert calls["createQuote"] == calls["placeOrder"] == calls["order to completed"] > 0
    assert {"orders", "payments", "kafka"} <= {one["resource"] for one in data["processes"]}
    assert "order to completed" in page.read_text()
    assert "<testsuite" in suite.read_text()
    assert "Tag=placeOrder," in log.read_text()
    runs = _loaded(sandbox, str(profile), "--history")["runs"]
    assert (runs[-1]["verdict"], runs[-1]["origin"]["commit"]) == (data["verdict"], data["origin"]["commit"])


def _loaded(sandbox: Sandbox, *arguments: str) -> dict[str, Any]:
    """What a run reports, whatever its verdict."""
    command = [sys.executable, "-m", "shop_dev", "load", *arguments, "--name", sandbox.name, "--json"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=200)
    document = json.loads(done.stdout)
    assert document["data"] is not None, document["error"]
    return dict(document["data"])


def test_carts_are_filled_looked_at_and_emptied_again(sandbox: Sandbox, shop: Shop, tmp_path: Path) -> None:
    profile = tmp_path / "carts.yaml"
    profile.write_text(
        "summary: Carts only.\njourneys: {cart: 1}\nstages: [{seconds: 2, rate: 4}]\nslos: [{operation: '*', failures: 0}]\n"
    )

    data = _loaded(sandbox, str(profile))

    calls = {one["operation"]: one["calls"] for one in data["operations"]}
    assert [one for one in data["operations"] if one["failures"]] == []
    assert calls["openCart"] == calls["removeItem"] == calls["getCart"] / 2 > 0
    assert calls["putItem"] >= calls["openCart"]


def test_customers_sign_in_orders_are_followed_and_stock_is_put_on_shelves(sandbox: Sandbox, shop: Shop, tmp_path: Path) -> None:
    profile = tmp_path / "everybody.yaml"
    profile.write_text(
        "summary: All others.\njourneys: {account: 2, tracking: 1, restocking: 1}\nstages: [{seconds: 4, rate: 3}]\n"
        "slos: [{operation: '*', failures: 0}]\nbehind: {messages: 10000}\n"
    )

    data = _loaded(sandbox, str(profile))

    assert [one for one in data["operations"] if one["failures"]] == []
    assert data["generator"]["faults"] == []
    calls = {one["operation"]: one["calls"] for one in data["operations"]}
    assert calls["openSignIn"] == calls["signIn"] == calls["getToken"] == calls["listOrders"] > 0
    assert min(calls["trackOrder"], calls["putStockItem"]) > 0
    assert data["behind"]["messages"] >= 0
