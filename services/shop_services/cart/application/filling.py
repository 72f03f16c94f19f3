"""What owners do with their carts. What is decided on a cart that was written meanwhile is decided again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shop_kit.aggregates.deciding import Stale, decide_and_record
from shop_kit.shared_kernel import Sku

from shop_services.cart.application.ports import CartRepository
from shop_services.cart.domain.cart import Cart, Merge, merge


@dataclass(frozen=True)
class Filling:
    """Fills carts, empties them and puts them together. All methods raise shop_kit's Conflict when others are always faster."""

    carts: CartRepository

    async def set_quantity(self, owner: str, sku: Sku, quantity: int) -> Cart:
        """Have so many of an article in the owner's cart, 0 for none. Raises CartFull."""
        return await self._change(owner, lambda cart: cart.with_quantity(sku, quantity))

    async def empty(self, owner: str) -> Cart:
        """Have nothing in the owner's cart."""
        return await self._change(owner, Cart.emptied)

    async def merge(self, owner: str, other_owner: str) -> Merge:
        """Move what is in the other's cart into the owner's, and leave there what finds no room. Done again, it changes nothing."""

        async def attempt(*, fresh: bool) -> Merge:
            del fresh  # rare enough to be decided on what is stored each time
            cart = await self.carts.find(owner, fresh=True)
            other = await self.carts.find(other_owner, fresh=True)
            if cart.id == other.id or not other.lines:
                return Merge(cart, ())
            merged = merge(cart, other)
            if merged == Merge(cart, other.lines):
                return merged
            saved, _ = await self.carts.save(merged.cart, replace(other, lines=merged.left_out))
            return Merge(saved, merged.left_out)

        return await decide_and_record(attempt, subject=f"the cart of {owner}")

    async def _change(self, owner: str, change: Callable[[Cart], Cart]) -> Cart:
        async def attempt(*, fresh: bool) -> Cart:
            cart = await self.carts.find(owner, fresh=fresh)
            changed = change(cart)
            if changed == cart:
                if not fresh:
                    raise Stale("whether anything is to be done is not decided on what may be old")
                return cart
            (saved,) = await self.carts.save(changed)
            return saved

        return await decide_and_record(attempt, subject=f"the cart of {owner}")
