"""The assortment a seed gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_seeding.products import largest_count, products


@given(st.integers())
def test_the_same_seed_gives_the_same_products(seed: int) -> None:
    assert products(seed=seed, count=50) == products(seed=seed, count=50)


def test_other_seeds_give_other_products() -> None:
    assert products(seed=1) != products(seed=2)


@given(st.integers(), st.integers(0, 1_000))
def test_no_two_products_share_a_sku_or_a_name_and_all_can_be_sold(seed: int, count: int) -> None:
    assortment = products(seed=seed, count=count)

    assert len(assortment) == len({one.sku for one in assortment}) == len({one.name for one in assortment}) == count
    assert all(one.price_minor_units > 0 and one.quantity > 0 for one in assortment)


def test_a_shop_has_a_thousand_products_unless_told_otherwise() -> None:
    assert len(products()) == 1_000


def test_the_products_a_fresh_shop_starts_with_do_not_change_unnoticed() -> None:
    """Guides, bug reports and the order that `up` suggests name them."""
    assert [(one.sku, one.name, one.price_minor_units) for one in products(count=2)] == [
        ("GAR-00001", "Orangery plant stake, 45 cm", 1090),
        ("TAB-00002", "Orchard soup bowl, rust", 3049),
    ]


def test_more_than_the_assortment_has_is_refused() -> None:
    with pytest.raises(ValueError, match="has 1136 products, not 1137"):
        products(count=largest_count() + 1)
