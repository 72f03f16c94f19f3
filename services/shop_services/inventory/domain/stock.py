"""Articles and how many of each are free, reserved and sold."""

from __future__ import annotations

from dataclasses import dataclass

from shop_kit.shared_kernel import Money


@dataclass(frozen=True, slots=True)
class StockItem:
    """An article with its price. `free`, `reserved` and `sold` never fall below 0; a reservation only moves units between them."""

    sku: str
    name: str
    unit_price: Money
    free: int
    reserved: int = 0
    sold: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """Units of one article that move: each number is added to the count of its name, and together they are 0."""

    free: int = 0
    reserved: int = 0
    sold: int = 0

    def applied_to(self, item: StockItem) -> StockItem:
        """Return the item after the movement. Raises ValueError when a count would fall below 0: that would be an oversell."""
        counts = (item.free + self.free, item.reserved + self.reserved, item.sold + self.sold)
        if min(counts) < 0:
            raise ValueError(f"{item.sku}: {self} does not fit {item}")
        return StockItem(item.sku, item.name, item.unit_price, *counts)
