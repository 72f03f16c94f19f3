"""Money, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MixedCurrencies(Exception):
    """Amounts in different currencies were to be added."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency's minor unit: 1999 EUR is 19.99 EUR. `currency` is an ISO 4217 code in capitals."""

    currency: str
    minor_units: int

    def times(self, quantity: int) -> Money:
        """Return so many times the amount."""
        return Money(self.currency, self.minor_units * quantity)


def add_up(amounts: Sequence[Money]) -> Money:
    """Return the sum of at least one amount. Raises MixedCurrencies."""
    currencies = {amount.currency for amount in amounts}
    if len(currencies) != 1:
        raise MixedCurrencies(", ".join(sorted(currencies)))
    return Money(currencies.pop(), sum(amount.minor_units for amount in amounts))
