"""Carts in a dictionary, with the promises that the table keeps: for rehearsals and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shop_kit.aggregates.deciding import Stale

from shop_services.cart.adapters.cart_table import cart_id
from shop_services.cart.domain.cart import Cart


@dataclass
class InMemoryCarts:
    """Implements CartRepository."""

    carts: dict[str, Cart] = field(default_factory=dict)

    async def find(self, owner: str, *, fresh: bool) -> Cart:
        del fresh
        return self.carts.get(owner, Cart(cart_id(owner), owner))

    async def save(self, *carts: Cart) -> Sequence[Cart]:
        for cart in carts:
            if (await self.find(cart.owner, fresh=True)).version != cart.version:
                raise Stale(f"{cart.id} is not as it was read any more")
        saved = [replace(cart, version=cart.version + 1) for cart in carts]
        self.carts |= {cart.owner: cart for cart in saved}
        return saved
