"""The seeded products as the catalog takes them."""

from __future__ import annotations

import msgspec
from shop_seeding.catalog_lines import categories, product_line
from shop_seeding.products import products
from shop_services.catalog.adapters.bodies import CategoryBody, ImportedProduct
from shop_services.catalog.domain.categories import CategoryTree
from shop_services.catalog.domain.product import Product


def test_the_catalog_takes_every_product_in_its_category() -> None:
    tree = CategoryTree({})
    for category in categories():
        body = msgspec.convert(category.body(), CategoryBody)
        tree = tree.put(category.id, body.parent_id, body.names).tree

    for product in products(count=500):
        line = msgspec.convert(product_line(product), ImportedProduct).line(1)
        Product(line.product_id, line.content, line.status).accepted()
        assert [len(tree.path(one)) for one in line.content.category_ids] == [3]


def test_each_product_and_category_has_an_id_of_its_own() -> None:
    ids = [str(product_line(product)["id"]) for product in products(count=500)] + [category.id for category in categories()]

    assert len(ids) == len(set(ids))
