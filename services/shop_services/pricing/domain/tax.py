"""Value added tax of the countries that the shop ships to, in basis points.

Source: European Commission, "Taxes in Europe" database (https://ec.europa.eu/taxation_customs/tedb/), and the authorities of the
others, as of January 2026; what changed since 2020 stands with its day. The reduced rate is that of food in the country's own law,
as far as there is one rate for it. In the United States sales tax is a matter of the states: the shop charges none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum


class TaxClass(StrEnum):
    """How an article is taxed."""

    STANDARD = "standard"
    REDUCED = "reduced"
    EXEMPT = "exempt"


class CountryNotServed(ValueError):
    """The shop does not ship there."""

    def __init__(self, country: str) -> None:
        super().__init__(f"the shop does not ship to {country}")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a country takes from a day on, in basis points. The day begins at midnight UTC."""

    standard: int
    reduced: int
    since: date = date.min

    def of(self, tax_class: TaxClass) -> int:
        """Return the rate of a class."""
        return {TaxClass.STANDARD: self.standard, TaxClass.REDUCED: self.reduced, TaxClass.EXEMPT: 0}[tax_class]


_RATES: Mapping[str, tuple[Rates, ...]] = {
    "AT": (Rates(2000, 1000),),
    "BE": (Rates(2100, 600),),
    "CH": (Rates(770, 250), Rates(810, 260, date(2024, 1, 1))),
    "CZ": (Rates(2100, 1500), Rates(2100, 1200, date(2024, 1, 1))),
    "DE": (Rates(1900, 700), Rates(1600, 500, date(2020, 7, 1)), Rates(1900, 700, date(2021, 1, 1))),
    "DK": (Rates(2500, 2500),),
    "ES": (Rates(2100, 1000),),
    "FR": (Rates(2000, 550),),
    "GB": (Rates(2000, 0),),
    "IT": (Rates(2200, 1000),),
    "JP": (Rates(1000, 800),),
    "LU": (Rates(1700, 300), Rates(1600, 300, date(2023, 1, 1)), Rates(1700, 300, date(2024, 1, 1))),
    "NL": (Rates(2100, 900),),
    "PL": (Rates(2300, 500),),
    "US": (Rates(0, 0),),
}
"""By country, in the order in which they came into force: a change that is known of is written down before its day."""

COUNTRIES = tuple(sorted(_RATES))
"""Where the shop ships to, by ISO 3166-1 alpha-2."""


def rate(country: str, tax_class: TaxClass, *, at: float) -> int:
    """Return the rate in basis points at a moment (seconds since 1970, UTC). Raises CountryNotServed."""
    if country not in _RATES:
        raise CountryNotServed(country)
    day = datetime.fromtimestamp(at, UTC).date()
    return next(one for one in reversed(_RATES[country]) if one.since <= day).of(tax_class)
