"""Value added tax of the countries that the shop ships to, in basis points.

Source: European Commission, "Taxes in Europe" database (https://ec.europa.eu/taxation_customs/tedb/), and the authorities of the
others, as of January 2026. The reduced rate is that of food in the country's own law, as far as there is one rate for it. In the
United States sales tax is a matter of the states: the shop charges none.
"""

from __future__ import annotations

from collections.abc import Mapping
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


_RATES: Mapping[str, tuple[int, int]] = {
    "AT": (2000, 1000),
    "BE": (2100, 600),
    "CH": (810, 260),
    "CZ": (2100, 1200),
    "DE": (1900, 700),
    "DK": (2500, 2500),
    "ES": (2100, 1000),
    "FR": (2000, 550),
    "GB": (2000, 0),
    "IT": (2200, 1000),
    "JP": (1000, 800),
    "LU": (1700, 300),
    "NL": (2100, 900),
    "PL": (2300, 500),
    "US": (0, 0),
}

COUNTRIES = tuple(sorted(_RATES))
"""Where the shop ships to, by ISO 3166-1 alpha-2."""


def rate(country: str, tax_class: TaxClass) -> int:
    """Return the rate in basis points. Raises CountryNotServed."""
    if country not in _RATES:
        raise CountryNotServed(country)
    standard, reduced = _RATES[country]
    return {TaxClass.STANDARD: standard, TaxClass.REDUCED: reduced, TaxClass.EXEMPT: 0}[tax_class]
