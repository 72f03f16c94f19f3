"""A shop's worth of products, the same ones for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from shop_seeding.assortment import ASSORTMENT, COLLECTIONS, FINISHES, Kind, Name, Thing

CURRENCY = "EUR"
DEFAULT_COUNT = 1_000
DEFAULT_SEED = 42
_HOW_MANY_ARTICLES = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)


@dataclass(frozen=True)
class Article:
    """A variant of a product: what it is chosen by, its price in minor units (cents) and the pieces in stock."""

    sku: str
    name: str
    choice: str
    price_minor_units: int
    quantity: int


@dataclass(frozen=True)
class Product:
    """Something to sell, in one or more articles. Its number is its place in the assortment of a seed, from 1 on."""

    number: int
    kind: Kind
    brand: str
    thing: Thing
    collection: str
    articles: tuple[Article, ...]

    @property
    def title(self) -> Name:
        """Return what it is called."""
        return _title(self.brand, self.thing, self.collection)

    @property
    def sku(self) -> str:
        """Return the SKU of its first article."""
        return self.articles[0].sku


def products(*, seed: int = DEFAULT_SEED, count: int = DEFAULT_COUNT) -> Iterator[Product]:
    """Yield the first `count` products of the assortment in the order of `seed`. SKUs and titles are unique.

    Raises ValueError if `count` is negative or more than the assortment has (`largest_count`).
    """
    if not 0 <= count <= largest_count():
        raise ValueError(f"The assortment has {largest_count()} products, not {count}.")
    return (_product(seed, number) for number in range(1, count + 1))


@cache
def largest_count() -> int:
    """Return how many different products there can be."""
    return len(_shelves()) * len(COLLECTIONS)


@cache
def _shelves() -> tuple[tuple[Kind, str, Thing], ...]:
    return tuple((kind, brand, thing) for kind in ASSORTMENT for brand in kind.lines for thing in kind.things)


@cache
def _step(seed: int) -> tuple[int, int]:
    """Return a stride through the whole assortment that meets each product once, and where it begins."""
    chance = random.Random(seed)  # noqa: S311  # nosec B311 # invented products, not secrets
    size = largest_count()
    strides = (chance.randrange(size // 3, size) for _ in range(size))
    return next(stride for stride in strides if math.gcd(stride, size) == 1), chance.randrange(size)


def _product(seed: int, number: int) -> Product:
    stride, start = _step(seed)
    place = (start + stride * number) % largest_count()
    kind, brand, thing = _shelves()[place % len(_shelves())]
    collection = COLLECTIONS[place // len(_shelves())]
    chance = random.Random(f"{seed} {number}")  # noqa: S311  # nosec B311 # as above
    choices = chance.sample(FINISHES[kind.finish], chance.choice(_HOW_MANY_ARTICLES))
    choices.sort(key=FINISHES[kind.finish].index)
    whole = chance.randint(kind.cheapest, kind.dearest)
    articles = []
    for place_of_choice, choice in enumerate(choices, start=1):
        sku = f"{kind.prefix}-{number:05d}" + (f"-{place_of_choice}" if place_of_choice > 1 else "")
        name = f"{_title(brand, thing, collection).en}, {choice}"
        cents = whole * 100 + chance.choice((0, 49, 90, 95, 99))
        articles.append(Article(sku, name, choice, cents, _quantity(chance, whole)))
    return Product(number, kind, brand, thing, collection, tuple(articles))


def _quantity(chance: random.Random, whole: int) -> int:
    """Few pieces of what is dear, many of what is cheap, and now and then a shelf that is nearly empty."""
    return chance.randint(1, 5) if chance.random() < 0.05 else chance.randint(20, max(40, 4_000 // (whole + 1)))


def _title(brand: str, thing: Thing, collection: str) -> Name:
    return Name(f"{brand} {thing.name.en} {collection}", f"{brand} {thing.name.de} {collection}")
