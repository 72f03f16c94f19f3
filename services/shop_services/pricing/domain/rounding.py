"""The one place where an amount is rounded (docs/concepts/pricing.md).

- A part of an amount is rounded once, to the minor unit, halves away from zero.
- What is taken off several lines together is rounded as one amount and then spread over them with `Money.allocate`, which loses and
  makes nothing.
- Sums are never rounded: totals are the sums of what stands on the lines.
"""

from __future__ import annotations

from shop_kit.shared_kernel import Money

WHOLE = 10_000
"""Rates are in basis points: 1900 is 19 %."""


def part(amount: Money, basis_points: int) -> Money:
    """Return so much of an amount."""
    return Money(amount.currency, _divide(amount.minor_units * basis_points, WHOLE))


def tax_within(gross: Money, basis_points: int) -> Money:
    """Return the tax in an amount that includes it."""
    return Money(gross.currency, _divide(gross.minor_units * basis_points, WHOLE + basis_points))


def _divide(dividend: int, divisor: int) -> int:
    """Return the nearest whole number, halves away from zero; `divisor` is above 0."""
    nearest = (2 * abs(dividend) + divisor) // (2 * divisor)
    return -nearest if dividend < 0 else nearest
