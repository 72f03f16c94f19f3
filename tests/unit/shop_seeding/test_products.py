"""The assortment a seed gives."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_seeding.products import largest_count, products


@given(st.integers())
def test_the_same_seed_gives_the_same_products(seed: int) -> None:
    assert [*products(seed=seed, count=50)] == [*products(seed=seed, count=50)]


def test_other_seeds_give_other_products() -> None:
    assert [*products(seed=1, count=50)] != [*products(seed=2, count=50)]


def test_a_larger_shop_begins_with_the_products_of_a_smaller_one() -> None:
    assert [*islice(products(count=50_000), 100)] == [*products(count=100)]


@given(st.integers(), st.integers(0, 500))
def test_no_two_articles_share_a_sku_or_a_name_and_all_can_be_sold(seed: int, count: int) -> None:
    articles = [article for product in products(seed=seed, count=count) for article in product.articles]

    assert len(articles) == len({one.sku for one in articles}) == len({one.name for one in articles}) >= count
    assert all(one.price_minor_units > 0 and one.quantity > 0 for one in articles)


def test_a_shop_has_a_thousand_products_of_every_kind_unless_told_otherwise() -> None:
    found = [*products()]

    assert len(found) == len({product.title for product in found}) == 1_000
    assert len({product.kind.prefix for product in found}) == 10
    assert len({product.thing for product in found}) == 54


def test_the_products_a_fresh_shop_starts_with_do_not_change_unnoticed() -> None:
    """Guides, bug reports and the order that `up` suggests name them."""
    first = [article for product in products(count=2) for article in product.articles]

    assert [(one.sku, one.name, one.price_minor_units) for one in first] == [
        ("GAR-00001", "Potting Shed trellis Copper Forest, 100 cm", 3149),
        ("LIV-00002", "Quay bench Northern Moor, oak", 23149),
        ("LIV-00002-2", "Quay bench Northern Moor, maple", 23190),
    ]


def test_more_than_the_assortment_has_is_refused() -> None:
    with pytest.raises(ValueError, match="has 51120 products, not 51121"):
        products(count=largest_count() + 1)
