from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from shop_kit.http.bodies import decode
from shop_kit.http.problems import Problem
from shop_kit.http.values import MoneyBody, MoneyView, SkuText
from shop_kit.shared_kernel import Money
from shop_kit.shared_kernel.currencies import MINOR_DIGITS

DOCUMENTS = Path(__file__).parents[4] / "contracts" / "shop_contracts" / "openapi"


class Priced(msgspec.Struct):
    sku: SkuText
    price: MoneyBody


def test_an_amount_goes_in_and_out_as_it_is() -> None:
    body = decode(b'{"sku": "mug", "price": {"currency": "EUR", "minorUnits": 1999}}', Priced)

    assert body.price.money() == Money("EUR", 1999)
    assert msgspec.json.encode(MoneyView.of(body.price.money())) == b'{"currency":"EUR","minorUnits":1999}'


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ('{"sku": "mug", "price": {"currency": "ABC", "minorUnits": 1}}', {"$.price": "'ABC' is no currency of ISO 4217"}),
        ('{"sku": "m g", "price": {"currency": "EUR", "minorUnits": 1}}', {"$.sku": "expected `str` matching regex"}),
        ('{"sku": "mug", "price": {"currency": "EUR", "minorUnits": -1}}', {"$.price.minorUnits": "expected `int` >= 0"}),
        ('{"sku": "mug", "price": {"currency": "EUR", "minorUnits": 1, "cents": 1}}', {"$.price.cents": "is not known here"}),
    ],
)
def test_what_is_no_amount_or_no_sku_is_refused_where_it_stands(body: str, faults: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        decode(body.encode(), Priced)

    found = {fault.field: fault.message for fault in refused.value.errors}
    assert found.keys() == faults.keys()
    assert all(found[where].startswith(fault) for where, fault in faults.items())


@pytest.mark.parametrize("document", ["cart", "payments", "pricing"])
def test_the_documents_let_in_the_currencies_that_the_services_know(document: str) -> None:
    schemas = yaml.safe_load((DOCUMENTS / f"{document}.yaml").read_text(encoding="utf-8"))["components"]["schemas"]

    assert schemas["Currency"]["enum"] == sorted(MINOR_DIGITS)
