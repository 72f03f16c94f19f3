"""What carts need from outside, in their own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_kit.shared_kernel import Money, Sku

from shop_services.cart.domain.cart import Cart


class CartRepository(Protocol):
    """The carts, each found by whose it is."""

    async def find(self, owner: str, *, fresh: bool) -> Cart:
        """Return the owner's cart, an empty one when there is none; unless `fresh`, it may be as it was some time ago."""
        ...

    async def save(self, *carts: Cart) -> Sequence[Cart]:
        """Write carts as the next versions of those they were read as, all or none. Returns them as they are then.

        Raises shop_kit's Stale when one of them was written meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece costs now, and whether tax is in it."""

    amount: Money
    tax_included: bool


class Prices(Protocol):
    """What articles cost."""

    async def now(self, skus: Sequence[Sku], *, currency: str, country: str | None) -> Mapping[str, Price]:
        """Return what those of the articles cost that have a price. Raises shop_kit's Transient while nobody can say, Refused."""
        ...
