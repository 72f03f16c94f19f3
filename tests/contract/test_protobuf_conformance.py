"""Agreement with Confluent's and buf's own cases, which lie beside the checkout where they are at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_contracts.conformance import Agreement, confluent, corpora_beside, house

CHECKOUT = Path(__file__).parents[2]
CORPORA = corpora_beside(CHECKOUT)

pytestmark = pytest.mark.skipif(CORPORA is None, reason="the corpora are not beside the checkout (../shared/corpora)")


@pytest.fixture(scope="module")
def measured() -> dict[str, Agreement]:
    assert CORPORA is not None
    return {agreement.measure: agreement for section in (confluent, house) for agreement in section(CORPORA)}


@pytest.mark.parametrize(
    ("measure", "cases"),
    [
        ("Confluent's own cases: difference list", 57),
        ("Confluent's own cases: verdict", 57),
        ("protobuf_buf: Confluent BACKWARD", 157),
        ("protobuf_buf: Confluent FORWARD", 157),
        ("protobuf_buf: buf WIRE", 247),
        ("protobuf_buf: buf WIRE_JSON", 247),
        ("protobuf_buf: buf FILE", 247),
        ("protobuf_confluent: buf WIRE", 57),
        ("protobuf_confluent: buf WIRE_JSON", 57),
    ],
)
def test_every_case_agrees(measured: dict[str, Agreement], measure: str, cases: int) -> None:
    assert measured[measure].total == cases
    assert measured[measure].disagreements == []


def test_what_disagrees_in_package_is_named_in_the_documentation(measured: dict[str, Agreement]) -> None:
    page = (CHECKOUT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")
    names = [line.partition(":")[0].removeprefix("buf/") for line in measured["protobuf_buf: buf PACKAGE"].disagreements]

    assert len(names) == 8
    assert [name for name in names if f"`{name}`" not in page] == []
