"""`shop-dev contracts lint`: files, faults with their places, and the rule-set lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_contracts.compat.lock import render_lock

GOOD = 'syntax = "proto3";\npackage shop.orders.v1;\n// What it is.\nmessage Order {\n  string order_id = 1;\n}\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.shop-dev]\nservices = []\n", encoding="utf-8")
    (tmp_path / "proto" / "orders" / "v1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(project: Path, text: str) -> None:
    (project / "proto" / "orders" / "v1" / "order.proto").write_text(text, encoding="utf-8")


def test_files_in_order_end_with_0(shop_dev: ShopDev, project: Path) -> None:
    put(project, GOOD)

    said = shop_dev("contracts", "lint")

    assert (said.status, said.out) == (0, "1 file, no faults.\n")


def test_a_fault_is_told_with_file_line_column_and_rule(shop_dev: ShopDev, project: Path) -> None:
    put(project, GOOD.replace("order_id", "orderId"))

    said = shop_dev("contracts", "lint")

    assert said.status == 1
    assert said.out == (
        "proto/orders/v1/order.proto:5:3: The field orderId is not lower_snake_case; JSON makes lowerCamelCase of it by itself. "
        "[FIELD_LOWER_SNAKE_CASE]\n"
    )


def test_the_document_lists_files_and_faults(shop_dev: ShopDev, project: Path) -> None:
    put(project, GOOD.replace("// What it is.\n", ""))

    document = shop_dev("contracts", "lint", "--json").document()

    assert document["error"]["code"] == "contract_lint_failed"
    assert document["data"]["files"] == ["proto/orders/v1/order.proto"]
    assert [(fault["id"], fault["line"]) for fault in document["data"]["faults"]] == [("COMMENT_MESSAGE", 3)]


def test_a_lock_that_is_not_the_programs_rules_is_a_fault(shop_dev: ShopDev, project: Path) -> None:
    put(project, GOOD)
    (project / "contracts").mkdir()
    lock = project / "contracts" / "rules.lock.yaml"

    lock.write_text(render_lock(), encoding="utf-8")
    assert shop_dev("contracts", "lint").status == 0

    lock.write_text(render_lock().replace("FIELD_SAME_NAME: {version: 1", "FIELD_SAME_NAME: {version: 2"), encoding="utf-8")
    said = shop_dev("contracts", "lint")
    assert said.status == 1
    assert "FIELD_SAME_NAME is locked as version 2" in said.out
