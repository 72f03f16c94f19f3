"""Carts in a dictionary, and prices that may change or be away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shop_kit.aggregates.deciding import Stale
from shop_kit.errors import Unavailable
from shop_kit.shared_kernel import Money, Sku
from shop_services.cart.adapters.cart_table import cart_id
from shop_services.cart.application.ports import Price
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


@dataclass
class PricesOfNow:
    """Implements Prices. `minor_units` is by SKU, the same number in every currency."""

    minor_units: dict[str, int] = field(default_factory=dict)
    is_away: bool = False

    async def now(self, skus: Sequence[Sku], *, currency: str, country: str | None) -> Mapping[str, Price]:
        del country
        if self.is_away:
            raise Unavailable("pricing", "it was told to be away")
        return {sku: Price(Money(currency, self.minor_units[sku]), tax_included=True) for sku in skus if sku in self.minor_units}
