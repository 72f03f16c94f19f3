from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_kit.shared_kernel import MixedCurrencies, Money, UnknownCurrency
from shop_kit.shared_kernel.currencies import MINOR_DIGITS

UNITS = st.integers(-(10**12), 10**12)
CURRENCIES = st.sampled_from(sorted(MINOR_DIGITS))
WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize("currency", ["ABC", "eur", "EURO", "", "XAU", "XTS"])
def test_what_nobody_pays_with_is_no_money(currency: str) -> None:
    with pytest.raises(UnknownCurrency, match="is no currency of ISO 4217"):
        Money(currency, 1)


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money("EUR", 1999), "19.99 EUR"),
        (Money("EUR", 5), "0.05 EUR"),
        (Money("EUR", -5), "-0.05 EUR"),
        (Money("JPY", 1999), "1999 JPY"),
        (Money("KWD", 1999), "1.999 KWD"),
    ],
)
def test_an_amount_is_written_with_the_digits_that_its_currency_has(amount: Money, written: str) -> None:
    assert str(amount) == written


@given(CURRENCIES, UNITS, UNITS)
def test_what_is_added_and_taken_away_again_leaves_the_amount(currency: str, one: int, other: int) -> None:
    assert Money(currency, one) + Money(currency, other) - Money(currency, other) == Money(currency, one)


@given(CURRENCIES, st.lists(UNITS, min_size=1), st.integers(0, 1000))
def test_so_many_times_the_sum_is_the_sum_of_so_many_times_each(currency: str, units: list[int], times: int) -> None:
    amounts = [Money(currency, each) for each in units]

    assert Money.total(amounts) * times == Money.total(amount * times for amount in amounts)


@given(CURRENCIES, UNITS, UNITS)
def test_amounts_are_ordered_as_their_units_are(currency: str, one: int, other: int) -> None:
    assert (Money(currency, one) < Money(currency, other), Money(currency, one) >= Money(currency, other)) == (
        one < other,
        one >= other,
    )


def test_currencies_are_never_mixed() -> None:
    euros, yen = Money("EUR", 1), Money("JPY", 1)
    for mix in (lambda: euros + yen, lambda: euros - yen, lambda: euros < yen, lambda: Money.total([euros, yen])):
        with pytest.raises(MixedCurrencies, match="EUR, JPY"):
            mix()


def test_the_sum_of_nothing_has_no_currency() -> None:
    with pytest.raises(ValueError, match="no currency"):
        Money.total([])


@given(CURRENCIES, UNITS, WEIGHTS)
def test_no_unit_is_lost_or_made_when_an_amount_is_shared_out(currency: str, units: int, weights: list[int]) -> None:
    amount = Money(currency, units)
    shares = amount.allocate(weights)
    exact = [units * weight / sum(weights) for weight in weights]

    assert Money.total(shares) == amount
    assert all(abs(share.minor_units - each) < 1.001 for share, each in zip(shares, exact, strict=True))
    assert all(share.minor_units == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


def test_what_division_leaves_goes_to_the_first_shares() -> None:
    assert [share.minor_units for share in Money("EUR", 101).allocate([0, 1, 1, 1])] == [0, 34, 34, 33]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_nothing_is_shared_out_by_weights_that_are_none(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money("EUR", 100).allocate(weights)
