"""Promotions: what takes something off, of what, and which go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from shop_kit.shared_kernel import Money

from shop_services.pricing.domain.prices import EVERYBODY
from shop_services.pricing.domain.rounding import WHOLE, part
from shop_services.pricing.domain.validity import ALWAYS, Validity


@dataclass(frozen=True, slots=True)
class Position:
    """Something that is paid for: all pieces of an article, or shipping (which has no SKU)."""

    sku: str | None
    quantity: int
    unit_price: Money
    discount: Money

    @property
    def price(self) -> Money:
        """Return what all pieces cost before anything is taken off."""
        return self.unit_price * self.quantity

    @property
    def left(self) -> Money:
        """Return what is left of the price; never below 0."""
        return self.price - self.discount

    def less(self, amount: Money) -> Position:
        """Return the position with so much more taken off. Raises ValueError for more than is left."""
        if amount > self.left:
            raise ValueError(f"{amount} off {self}")
        return replace(self, discount=self.discount + amount)


class Reward(Protocol):
    """What a promotion takes off."""

    def off(self, positions: Sequence[Position]) -> Sequence[Money]:
        """Return how much of what is left of each position; there is at least one, all in one currency."""
        ...


@dataclass(frozen=True, slots=True)
class Percentage:
    """A part of what is left, in basis points (1 to 10,000), rounded once for all positions together."""

    basis_points: int

    def __post_init__(self) -> None:
        if not 0 < self.basis_points <= WHOLE:
            raise ValueError(f"{self.basis_points} is no part of a whole of {WHOLE}")

    def off(self, positions: Sequence[Position]) -> Sequence[Money]:
        """Return each position's share."""
        return _spread(part(_left(positions), self.basis_points), positions)


@dataclass(frozen=True, slots=True)
class FixedAmount:
    """An amount, one for each currency in which it is given; at most what is left."""

    amounts: tuple[Money, ...]

    def off(self, positions: Sequence[Position]) -> Sequence[Money]:
        """Return each position's share."""
        left = _left(positions)
        amount = next((one for one in self.amounts if one.currency == left.currency), Money(left.currency, 0))
        return _spread(min(amount, left), positions)


@dataclass(frozen=True, slots=True)
class BuyXGetY:
    """Of each `buy + get` pieces `get` are free, and of all pieces these are the cheapest ones."""

    buy: int
    get: int

    def __post_init__(self) -> None:
        if self.buy < 1 or self.get < 1:
            raise ValueError("both numbers are at least 1")

    def off(self, positions: Sequence[Position]) -> Sequence[Money]:
        """Return what the free pieces of each position cost, as far as it is left."""
        free = sum(one.quantity for one in positions) // (self.buy + self.get) * self.get
        off = [Money(one.unit_price.currency, 0) for one in positions]
        for index in sorted(range(len(positions)), key=lambda index: (positions[index].unit_price, positions[index].sku or "")):
            pieces = min(free, positions[index].quantity)
            off[index] = min(positions[index].unit_price * pieces, positions[index].left)
            free -= pieces
        return off


class Target(StrEnum):
    """What a promotion takes something off of."""

    ARTICLES = "articles"
    SHIPPING = "shipping"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A reward and its terms.

    It counts for everybody or for one group, for all articles or for some, from a worth of these articles on (`minimums`, by
    currency; one without a minimum in the cart's currency counts only when it has none at all), without being asked for or by
    coupon only. `priority` says which comes first: each takes something off what those before it have left.
    """

    id: str
    name: str
    reward: Reward
    target: Target = Target.ARTICLES
    skus: frozenset[str] = frozenset()
    customer_group: str = EVERYBODY
    minimums: tuple[Money, ...] = ()
    validity: Validity = ALWAYS
    priority: int = 100
    is_exclusive: bool = False
    needs_coupon: bool = False
    version: int = 0

    def counts_for(self, customer_group: str, *, at: float) -> bool:
        """Return whether it holds for somebody of this group at this moment."""
        return self.customer_group in (EVERYBODY, customer_group) and self.validity.covers(at)

    def applies_to(self, position: Position) -> bool:
        """Return whether it takes something off this position."""
        if self.target is Target.SHIPPING:
            return position.sku is None
        return position.sku is not None and (not self.skus or position.sku in self.skus)

    def is_worth_reached(self, positions: Sequence[Position]) -> bool:
        """Return whether the articles that it is about cost enough, before anything is taken off."""
        if not self.minimums:
            return True
        goods = [one for one in positions if one.sku is not None and (not self.skus or one.sku in self.skus)]
        if not goods:
            return False
        worth = Money.total(one.price for one in goods)
        return any(worth.currency == least.currency and worth >= least for least in self.minimums)

    def taken_off(self, positions: Sequence[Position]) -> Sequence[Position]:
        """Return all positions, with what the promotion takes off taken off."""
        chosen = [index for index, one in enumerate(positions) if self.applies_to(one)]
        if not chosen or not self.is_worth_reached(positions):
            return positions
        off = dict(zip(chosen, self.reward.off([positions[index] for index in chosen]), strict=True))
        return [one.less(off[index]) if index in off else one for index, one in enumerate(positions)]


def combinations(promotions: Sequence[Promotion]) -> Sequence[Sequence[Promotion]]:
    """Return which promotions may be used together, each in the order in which they are: all that combine, or one exclusive one.

    The customer gets the combination that leaves least to pay, the first of equal ones.
    """
    in_order = sorted(promotions, key=lambda one: (one.priority, one.id))
    together = [one for one in in_order if not one.is_exclusive]
    return [together, *([one] for one in in_order if one.is_exclusive)]


def _left(positions: Sequence[Position]) -> Money:
    return Money.total(one.left for one in positions)


def _spread(amount: Money, positions: Sequence[Position]) -> Sequence[Money]:
    """Return shares of an amount, at most the sum of what is left, in the ratio of that: none is more than it is taken off."""
    weights = [one.left.minor_units for one in positions]
    return amount.allocate(weights) if sum(weights) else [Money(amount.currency, 0) for _ in positions]
