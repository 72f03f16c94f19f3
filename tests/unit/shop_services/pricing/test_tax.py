"""Tax by country and class, at the moment of the quote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_services.pricing.domain.tax import COUNTRIES, CountryNotServed, TaxClass, rate

SWISS_CHANGE = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "standard", "reduced"),
    [
        (SWISS_CHANGE - timedelta(milliseconds=1), 770, 250),
        (SWISS_CHANGE, 810, 260),
        (datetime(2026, 3, 2, tzinfo=UTC), 810, 260),
        (datetime(2011, 1, 1, tzinfo=UTC), 770, 250),
    ],
)
def test_a_rate_changes_on_its_day_and_the_time_of_the_quote_decides(moment: datetime, standard: int, reduced: int) -> None:
    at = moment.timestamp()

    assert (rate("CH", TaxClass.STANDARD, at=at), rate("CH", TaxClass.REDUCED, at=at)) == (standard, reduced)


def test_a_rate_that_was_lowered_for_half_a_year_is_what_it_was_again() -> None:
    months = [datetime(2020, 6, 30, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)]

    assert [rate("DE", TaxClass.STANDARD, at=month.timestamp()) for month in months] == [1900, 1600, 1900]


def test_where_the_shop_does_not_ship_there_is_no_rate() -> None:
    with pytest.raises(CountryNotServed, match="AQ"):
        rate("AQ", TaxClass.STANDARD, at=0)


@given(st.sampled_from(COUNTRIES), st.integers(0, 4_000_000_000))
def test_there_is_a_rate_at_any_moment_and_no_reduced_one_above_the_standard(country: str, at: int) -> None:
    standard, reduced, exempt = (rate(country, one, at=at) for one in (TaxClass.STANDARD, TaxClass.REDUCED, TaxClass.EXEMPT))

    assert 0 == exempt <= reduced <= standard < 10_000
