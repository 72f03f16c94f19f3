"""A guest puts articles into the cart, changes their mind about one, and looks at what it all costs."""

from __future__ import annotations

from shop_loadtests.visitor import Visitor

PRICES = "currency=EUR&country=DE"
MOST_ARTICLES, MOST_UNITS = 4, 3


def visit(visitor: Visitor) -> None:
    """Fill a cart, look at it, and take something out again."""
    opened = visitor.call("openCart", "POST", "/v1/carts", expected=201)
    cart, token = f"/v1/carts/{opened['id']}", opened["guestToken"]
    stocked = visitor.data["skus"]
    skus = visitor.dice.sample(stocked, k=min(visitor.dice.randint(1, MOST_ARTICLES), len(stocked)))
    for sku in skus:
        quantity = {"quantity": visitor.dice.randint(1, MOST_UNITS)}
        visitor.call("putItem", "PUT", f"{cart}/items/{sku}?{PRICES}", body=quantity, token=token)
    visitor.call("getCart", "GET", f"{cart}?{PRICES}", token=token)
    visitor.call("removeItem", "DELETE", f"{cart}/items/{skus[0]}?{PRICES}", token=token)
    visitor.call("getCart", "GET", f"{cart}?{PRICES}", token=token)
