"""`contracts docs` and `contracts pacts`: what they write, and that nothing is asked of a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fakes.command_line import ShopDev

CHECKOUT = Path(__file__).resolve().parents[5]


@pytest.fixture
def shop(shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch) -> ShopDev:
    monkeypatch.chdir(CHECKOUT)
    return shop_dev


def test_the_page_holds_every_operation_and_message_and_loads_nothing(shop: ShopDev, tmp_path: Path) -> None:
    said = shop("contracts", "docs", "--out", str(tmp_path / "page"))

    assert said.status == 0
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert 'id="rest.edge"' in page
    assert "<code>/v1/orders/{orderId}/cancellations</code>" in page
    assert "<code>StockReserved</code>" in page
    assert "<code>stock_rejected.shortages.is_unknown?</code>" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "http://" not in re.sub(r"<(td|p|code|span|summary)[^>]*>.*?</\1>", "", page)


def test_markup_in_a_contract_is_text_on_the_page(shop_dev: ShopDev, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fakes.contract_repository import ContractRepository

    repository = ContractRepository.plant(tmp_path / "repository")
    repository.change("contracts/proto/tills/v1/sales.proto", "// It never was.", "// <script>alert(1)</script>")
    monkeypatch.chdir(repository.root)

    assert shop_dev("contracts", "docs", "--out", "page").status == 0

    assert "<script>alert" not in repository.read("page/index.html")


def test_a_pact_holds_what_the_consumer_reads_and_nothing_else(shop: ShopDev, tmp_path: Path) -> None:
    assert shop("contracts", "pacts", "--out", str(tmp_path)).status == 0

    assert {path.name for path in tmp_path.glob("*.json")} == {
        "orders-inventory.json",
        "orders-payments.json",
        "orders-pricing.json",
        "inventory-orders.json",
        "payments-orders.json",
        "pricing-orders.json",
    }
    pact = json.loads((tmp_path / "orders-inventory.json").read_text(encoding="utf-8"))
    assert pact["metadata"] == {"pactSpecification": {"version": "4.0"}}
    rejected = next(one for one in pact["interactions"] if one["description"].startswith("StockRejected"))
    assert rejected["type"] == "Asynchronous/Messages"
    assert set(rejected["contents"]["content"]["stockRejected"]["shortages"][0]) == {"sku", "isUnknown"}
    assert "$.stockRejected.shortages[*].sku" in rejected["matchingRules"]["body"]
