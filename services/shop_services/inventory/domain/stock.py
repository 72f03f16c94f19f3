"""Articles and how many of each are free, reserved and sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

MOST_THAT_IS_LOW = 5


class Level(StrEnum):
    """What buyers are told of how much there is."""

    IN_STOCK = "in-stock"
    LOW = "low"
    OUT_OF_STOCK = "out-of-stock"

    @classmethod
    def of(cls, free: int) -> Level:
        """Return the level of so many free units."""
        if free > MOST_THAT_IS_LOW:
            return cls.IN_STOCK
        return cls.LOW if free > 0 else cls.OUT_OF_STOCK

    @property
    def fewest(self) -> int:
        """Return the fewest free units of the level."""
        return {Level.IN_STOCK: MOST_THAT_IS_LOW + 1, Level.LOW: 1, Level.OUT_OF_STOCK: 0}[self]

    @property
    def most(self) -> int | None:
        """Return the most free units of the level; None where there is no limit."""
        return {Level.IN_STOCK: None, Level.LOW: MOST_THAT_IS_LOW, Level.OUT_OF_STOCK: 0}[self]


@dataclass(frozen=True, slots=True)
class StockItem:
    """An article. `free`, `reserved` and `sold` never fall below 0; a reservation only moves units between them.

    `revision` counts how often somebody set the stock. Movements leave it as it is, so whoever sets the stock of an
    article that sells well is not overtaken by its buyers. `told` counts how often the world was told of its level.
    """

    sku: str
    free: int
    reserved: int = 0
    sold: int = 0
    revision: int = 1
    told: int = 1

    @property
    def level(self) -> Level:
        """Return what buyers are told."""
        return Level.of(self.free)

    @property
    def stocked(self) -> int:
        """Return how many units were ever taken in: all that are free, reserved or sold. Movements do not change it."""
        return self.free + self.reserved + self.sold


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
        return replace(item, free=counts[0], reserved=counts[1], sold=counts[2])

    def bounds(self, free: int) -> tuple[int, int | None]:
        """Return the fewest and the most free units from which this movement has the effect on the level that it has from `free`:
        it starts in the same level and ends in the same one. No most where there is no limit.
        """
        before, after = Level.of(free), Level.of(free + self.free)
        ends = [most for most in (before.most, None if after.most is None else after.most - self.free) if most is not None]
        return max(before.fewest, after.fewest - self.free), min(ends, default=None)


class LevelRefused(Exception):
    """An article cannot be set as it was asked for. `item` is the article as it is, None when there is none."""

    def __init__(self, sku: str, item: StockItem | None, why: str) -> None:
        super().__init__(f"{sku} {why}")
        self.sku = sku
        self.item = item


class StaleLevel(LevelRefused):
    """The article was set by somebody else meanwhile."""


class TooFewUnits(LevelRefused):
    """More units are reserved or sold than the article would ever have had."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """An article as somebody wants it to be: `stocked` units taken in over all time.

    `revision` is that of the article they saw, 0 when they saw none. So a wish that arrives again, late or after another one is
    refused, and since the total is set and not the free units, what was sold in between is never made anew.
    """

    sku: str
    stocked: int
    revision: int = 0

    def is_true_of(self, item: StockItem) -> bool:
        """Return True when the article is as it is wanted."""
        return item.stocked == self.stocked

    def applied_to(self, item: StockItem | None) -> StockItem:
        """Return the article as it is set. Raises StaleLevel, TooFewUnits."""
        revision = item.revision if item else 0
        if self.revision != revision:
            raise StaleLevel(self.sku, item, f"is at revision {revision}, not {self.revision}")
        if item is None:
            return StockItem(self.sku, self.stocked)
        free = item.free + self.stocked - item.stocked
        if free < 0:
            raise TooFewUnits(self.sku, item, f"has {item.reserved + item.sold} units reserved or sold, more than {self.stocked}")
        return replace(item, free=free, revision=item.revision + 1, told=item.told + 1)
