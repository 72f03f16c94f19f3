"""A cart: which articles, and how many of each. It holds no price: what it costs is pricing's to say, each time anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shop_kit.shared_kernel import MOST_ARTICLES, Sku

MOST_OF_ONE = 1_000


class CartFull(ValueError):
    """There is no room for another article."""

    def __init__(self) -> None:
        super().__init__(f"a cart holds up to {MOST_ARTICLES} different articles")


@dataclass(frozen=True, slots=True)
class Line:
    """An article and how many of it."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Cart:
    """The one cart of its owner. `version` counts how often it was written; 0: never."""

    id: str
    owner: str
    lines: tuple[Line, ...] = ()
    version: int = 0

    def with_quantity(self, sku: Sku, quantity: int) -> Cart:
        """Return the cart with so many of an article, 0 for none of it; an article keeps its place. Raises CartFull."""
        if all(line.sku != sku for line in self.lines):
            if quantity == 0:
                return self
            if len(self.lines) >= MOST_ARTICLES:
                raise CartFull
            return replace(self, lines=(*self.lines, Line(sku, quantity)))
        lines = tuple(Line(sku, quantity) if line.sku == sku else line for line in self.lines)
        return replace(self, lines=tuple(line for line in lines if line.quantity))

    def emptied(self) -> Cart:
        """Return the cart without anything in it."""
        return replace(self, lines=())


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of a cart, and what of the other one found no room in it."""

    cart: Cart
    left_out: tuple[Line, ...]


def merge(cart: Cart, other: Cart) -> Merge:
    """Return the cart with what is in the other one.

    An article in both keeps the larger number: whoever put it into both wanted it once. Others come behind, in their order, while
    there is room.
    """
    numbers = {line.sku: line.quantity for line in cart.lines}
    for line in other.lines:
        if line.sku in numbers or len(numbers) < MOST_ARTICLES:
            numbers[line.sku] = max(line.quantity, numbers.get(line.sku, 0))
    left_out = tuple(line for line in other.lines if line.sku not in numbers)
    return Merge(replace(cart, lines=tuple(Line(sku, quantity) for sku, quantity in numbers.items())), left_out)
