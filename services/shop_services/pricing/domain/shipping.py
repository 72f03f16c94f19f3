"""What the way to the customer costs, by zone and currency. The prices include tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shop_kit.shared_kernel import Money

from shop_services.pricing.domain.tax import COUNTRIES, CountryNotServed


class MethodNotOffered(ValueError):
    """Nobody ships so, there, for this currency."""

    def __init__(self, method: str, country: str, currency: str) -> None:
        super().__init__(f"{method} shipping to {country} in {currency} is not offered")


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way of shipping. It costs nothing for goods that cost `free_from` or more before anything is taken off:
    so no discount makes an order dearer.
    """

    id: str
    price: Money
    free_from: Money | None

    def price_for(self, goods: Money) -> Money:
        """Return what it costs for goods at this price."""
        is_free = self.free_from is not None and goods >= self.free_from
        return Money(self.price.currency, 0) if is_free else self.price


HOME, EUROPE, WORLD = "home", "europe", "world"
_ZONES = {"DE": HOME, "JP": WORLD, "US": WORLD}
_PRICES: Mapping[str, Mapping[str, Mapping[str, tuple[int, int | None]]]] = {
    "EUR": {
        HOME: {"standard": (490, 5_000), "express": (1_290, None)},
        EUROPE: {"standard": (990, 10_000), "express": (2_490, None)},
        WORLD: {"standard": (1_990, None), "express": (4_990, None)},
    },
    "USD": {
        HOME: {"standard": (550, 6_000), "express": (1_450, None)},
        EUROPE: {"standard": (1_150, 12_000), "express": (2_850, None)},
        WORLD: {"standard": (2_250, None), "express": (5_650, None)},
    },
    "JPY": {
        HOME: {"standard": (800, 8_000), "express": (2_100, None)},
        EUROPE: {"standard": (1_600, 16_000), "express": (4_000, None)},
        WORLD: {"standard": (3_200, None), "express": (8_000, None)},
    },
}
"""Price and from which worth of goods on it is free, in minor units."""


def methods(country: str, currency: str) -> Sequence[ShippingMethod]:
    """Return the ways to ship there, the cheapest first. Raises CountryNotServed."""
    if country not in COUNTRIES:
        raise CountryNotServed(country)
    offered = _PRICES.get(currency, {}).get(_ZONES.get(country, EUROPE), {})
    return [
        ShippingMethod(name, Money(currency, price), None if free_from is None else Money(currency, free_from))
        for name, (price, free_from) in offered.items()
    ]


def method(name: str, country: str, currency: str) -> ShippingMethod:
    """Return one way to ship there. Raises CountryNotServed, MethodNotOffered."""
    for offered in methods(country, currency):
        if offered.id == name:
            return offered
    raise MethodNotOffered(name, country, currency)
