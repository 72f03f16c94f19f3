"""What the books say, as data."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

COMPLETED, REJECTED, CANCELLED = "completed", "rejected", "cancelled"
FINAL = frozenset({COMPLETED, REJECTED, CANCELLED})


class Stock(msgspec.Struct, frozen=True):
    """An article's units."""

    free: int
    reserved: int
    sold: int
    stocked: int


class Opened(msgspec.Struct, frozen=True):
    """The books before something happens: stock by SKU, where each partition of the topics ends, dead letters by topic."""

    stock: Mapping[str, Stock]
    ends: Mapping[str, Mapping[int, int]]
    dead_letters: Mapping[str, int]


class Order(msgspec.Struct):
    """An order as its events tell it. `outcomes` are all final ones; amounts are minor units."""

    id: str
    was_accepted: bool = False
    outcomes: list[str] = []
    units: dict[str, int] = {}
    total: int = 0
    owed: int = 0
    """What a person has to give back, since the provider refused to."""


class Charge(msgspec.Struct, frozen=True):
    """A line of the payment provider's ledger; `kept` is what it holds or has taken, less what it gave back."""

    kept: int
    status: str


class Calls(msgspec.Struct, frozen=True):
    """How often visitors called an operation, and how often that failed."""

    calls: int
    failed: int


class Closed(msgspec.Struct, frozen=True):
    """The books afterwards. `orders` are those of which something was said since; `unrest` is what had not come to rest in time."""

    stock: Mapping[str, Stock]
    orders: tuple[Order, ...]
    charges: Mapping[str, tuple[Charge, ...]]
    dead_letters: Mapping[str, int]
    failed_refunds: int = 0
    disorder: tuple[str, ...] = ()
    unrest: tuple[str, ...] = ()
