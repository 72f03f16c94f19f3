"""Money, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import total_ordering

from shop_kit.shared_kernel.currencies import MINOR_DIGITS


class UnknownCurrency(ValueError):
    """A code that ISO 4217 does not know."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is no currency of ISO 4217")
        self.currency = currency


class MixedCurrencies(ValueError):
    """Amounts in different currencies were to be added or compared."""

    def __init__(self, *currencies: str) -> None:
        super().__init__(", ".join(sorted(set(currencies))))


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency's minor unit: 1999 EUR is 19.99 euros, 1999 JPY is 1999 yen. It may be negative.

    Raises UnknownCurrency. Amounts in different currencies are never added or compared: that raises MixedCurrencies.
    """

    currency: str
    minor_units: int

    def __post_init__(self) -> None:
        if self.currency not in MINOR_DIGITS:
            raise UnknownCurrency(self.currency)

    def __add__(self, other: Money) -> Money:
        self._must_match(other)
        return Money(self.currency, self.minor_units + other.minor_units)

    def __sub__(self, other: Money) -> Money:
        self._must_match(other)
        return Money(self.currency, self.minor_units - other.minor_units)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.currency, self.minor_units * quantity)

    def __lt__(self, other: Money) -> bool:
        self._must_match(other)
        return self.minor_units < other.minor_units

    def __str__(self) -> str:
        """Return the amount as people write it: 19.99 EUR."""
        digits = MINOR_DIGITS[self.currency]
        sign, figures = "-" * (self.minor_units < 0), str(abs(self.minor_units)).zfill(digits + 1)
        return f"{sign}{figures[:-digits]}.{figures[-digits:]} {self.currency}" if digits else f"{sign}{figures} {self.currency}"

    @classmethod
    def total(cls, amounts: Iterable[Money]) -> Money:
        """Return the sum of at least one amount. Raises MixedCurrencies, ValueError when there is none."""
        given = list(amounts)
        currencies = {amount.currency for amount in given}
        if not given:
            raise ValueError("the sum of no amounts has no currency")
        if len(currencies) > 1:
            raise MixedCurrencies(*currencies)
        return cls(currencies.pop(), sum(amount.minor_units for amount in given))

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Return shares in the ratio of `weights` that add up to this very amount: what division leaves goes to the first ones.

        Weights are at least 0, one of them above it; else ValueError. See Fowler, Patterns of Enterprise Application
        Architecture, "Money".
        """
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError(f"{list(weights)} are no weights: they are at least 0 and not all 0")
        sign, units = (-1, -self.minor_units) if self.minor_units < 0 else (1, self.minor_units)
        shares = [units * weight // whole for weight in weights]
        left = units - sum(shares)
        for index in [index for index, weight in enumerate(weights) if weight][:left]:
            shares[index] += 1
        return tuple(Money(self.currency, sign * share) for share in shares)

    def _must_match(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MixedCurrencies(self.currency, other.currency)
