"""Which of several prices a customer pays."""

from __future__ import annotations

import pytest
from shop_kit.shared_kernel import Money
from shop_services.pricing.domain.prices import ArticlePrices, Price, PriceList, unpriced
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

NOW = 1_000.0


def article(*prices: tuple[PriceList, int]) -> ArticlePrices:
    return unpriced("mug").set_to(TaxClass.STANDARD, [Price(terms, Money(terms.currency, units)) for terms, units in prices])


def paid(found: ArticlePrices, currency: str = "EUR", group: str = "") -> int | None:
    price = found.price_for(currency, group, at=NOW)
    return price.amount.minor_units if price else None


def test_a_list_of_ones_own_group_goes_before_those_for_everybody() -> None:
    found = article((PriceList("retail", "EUR"), 100), (PriceList("club", "EUR", "club"), 120))

    assert (paid(found), paid(found, group="club"), paid(found, group="staff")) == (100, 120, 100)


def test_of_several_lists_the_one_that_began_last_counts() -> None:
    spring, summer = (PriceList(name, "EUR", validity=Validity(begins)) for name, begins in (("a", 100.0), ("b", 500.0)))

    assert paid(article((PriceList("retail", "EUR"), 90), (spring, 100), (summer, 110))) == 110


def test_of_lists_that_began_together_the_lowest_price_counts() -> None:
    assert paid(article((PriceList("a", "EUR"), 100), (PriceList("b", "EUR"), 90))) == 90


@pytest.mark.parametrize(
    "begins, ends, holds", [(None, NOW, False), (NOW, None, True), (NOW + 1, None, False), (None, NOW + 1, True)]
)
def test_a_list_counts_while_it_holds(begins: float | None, ends: float | None, holds: bool) -> None:
    assert (paid(article((PriceList("sale", "EUR", validity=Validity(begins, ends)), 100))) == 100) is holds


def test_a_currency_without_a_list_has_no_price() -> None:
    assert paid(article((PriceList("retail", "EUR"), 100)), "JPY") is None


def test_a_price_is_in_its_lists_currency() -> None:
    with pytest.raises(ValueError, match="is in EUR, not in JPY"):
        Price(PriceList("retail", "EUR"), Money("JPY", 1))
