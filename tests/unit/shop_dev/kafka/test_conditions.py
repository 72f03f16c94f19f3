"""Conditions on records, as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.kafka.conditions import NotACondition, read_condition
from shop_dev.kafka.records import Record


def record(content: object, *, key: str | None = "ord_1") -> Record:
    return Record("orders", 2, 17, 1.8e9, key, {"ce_source": "/shop/orders", "ce_type": "x.OrderPriced"}, 4, "PROTOBUF", content)


PRICED = record(
    {
        "order_id": "ord_1",
        "priced": {"total": {"minor_units": "5001", "currency": "EUR"}, "lines": [{"sku": "A", "gift": False}, {"sku": "B"}]},
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "priced.total.minor_units > 5000",
        "priced.total.minor_units>=5001",
        "priced.total.minor_units == 5001",
        "priced.total.minor_units != 5000",
        "priced.total.currency == EUR",
        'priced.total.currency == "EUR"',
        "priced.total.currency = 'EUR'",
        "priced.lines.sku == B",
        "priced.lines.gift == false",
        "priced",
        "key == ord_1",
        "key ~ ord_",
        "offset < 18",
        "partition == 2",
        "headers.ce_source ~ orders",
        "priced and key == ord_1 and priced.total.minor_units < 6000",
        "completed != anything",
        "priced.total.currency ~ 'UR' and note != 'salt and pepper'",
    ],
)
def test_what_is_so_holds(text: str) -> None:
    assert read_condition(text)(PRICED)


@pytest.mark.parametrize(
    "text",
    [
        "priced.total.minor_units > 5001",
        "priced.total.minor_units != 5001",
        "priced.total.currency > 5",
        "priced.lines.sku == C",
        "priced.lines.sku != B",
        "completed",
        "priced.total.minor_units.cents == 1",
        "headers.ce_id ~ a",
        "key == ord_1 and completed",
    ],
)
def test_what_is_not_so_does_not_hold(text: str) -> None:
    assert not read_condition(text)(PRICED)


@pytest.mark.parametrize("text", ["", "== 5", "a.b >", "a b", "a == 1 and", "1 < a ==", "a > 1 or b"])
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotACondition, match="one looks like"):
        read_condition(text)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**53), 2**53))
def test_numbers_compare_as_numbers_also_where_protobuf_writes_them_as_text(value: int, bound: int) -> None:
    for content in ({"n": value}, {"n": str(value)}):
        assert read_condition(f"n > {bound}")(record(content)) == (value > bound)
        assert read_condition(f"n <= {bound}")(record(content)) == (value <= bound)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_content_breaks_a_condition(content: object) -> None:
    for text in ("a.b > 3", "a", "key == x", "a.b ~ c", "a != 1"):
        read_condition(text)(record(content))
