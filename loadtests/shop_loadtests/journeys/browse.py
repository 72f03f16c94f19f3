"""Somebody looks around: categories, what stands in one, a product, and whether it is there."""

from __future__ import annotations

from shop_loadtests.visitor import Visitor


def visit(visitor: Visitor) -> None:
    """Go from the categories to one article."""
    categories = visitor.call("listCategories", "GET", "/v1/categories")["items"]
    if not categories:
        return
    category = visitor.dice.choice(categories)
    products = visitor.call("listProductsInCategory", "GET", f"/v1/categories/{category['id']}/products?limit=20")["items"]
    if not products:
        return
    product = visitor.call("getProduct", "GET", f"/v1/products/{visitor.dice.choice(products)['id']}")
    sku = visitor.dice.choice(product["variants"])["sku"]
    visitor.call("getStockItem", "GET", f"/v1/stock-items/{sku}", may_be_missing=True)  # published, and nothing delivered yet
