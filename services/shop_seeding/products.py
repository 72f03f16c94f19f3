"""A shop's worth of products, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from shop_seeding.assortment import ASSORTMENT, FINISHES, Kind

CURRENCY = "EUR"
DEFAULT_COUNT = 1_000
DEFAULT_SEED = 42


@dataclass(frozen=True)
class Product:
    """Something to sell: its price in minor units (cents) and the pieces in stock."""

    sku: str
    name: str
    price_minor_units: int
    quantity: int


def products(*, seed: int = DEFAULT_SEED, count: int = DEFAULT_COUNT) -> list[Product]:
    """Return the first `count` products of the assortment that `seed` shuffles. SKUs and names are unique.

    Raises ValueError if `count` is negative or more than the assortment has (`largest_count`).
    """
    if not 0 <= count <= largest_count():
        raise ValueError(f"The assortment has {largest_count()} products, not {count}.")
    chance = random.Random(seed)  # noqa: S311  # nosec B311 # invented products, not secrets
    articles = list(_articles())
    chance.shuffle(articles)
    return [_product(kind, name, number, chance) for number, (kind, name) in enumerate(articles[:count], start=1)]


def largest_count() -> int:
    """Return how many different products there can be."""
    return sum(1 for _ in _articles())


def _articles() -> Iterator[tuple[Kind, str]]:
    for kind in ASSORTMENT:
        for line, noun, finish in product(kind.lines, kind.nouns, FINISHES[kind.finish]):
            yield kind, f"{line} {noun}, {finish}"


def _product(kind: Kind, name: str, number: int, chance: random.Random) -> Product:
    whole = chance.randint(kind.cheapest, kind.dearest)
    ending = chance.choice((0, 49, 90, 95, 99))
    # Few pieces of what is dear, many of what is cheap, and now and then a shelf that is nearly empty.
    quantity = chance.randint(1, 5) if chance.random() < 0.05 else chance.randint(20, max(40, 4_000 // (whole + 1)))
    return Product(sku=f"{kind.prefix}-{number:05d}", name=name, price_minor_units=whole * 100 + ending, quantity=quantity)
