"""What the seeded products cost."""

from __future__ import annotations

from collections import Counter

import msgspec
from shop_seeding.price_tags import PRICE_LISTS, price_tag
from shop_seeding.products import products
from shop_services.pricing.adapters.bodies import ImportedPrices, PriceListBody


def test_pricing_takes_every_price_tag() -> None:
    tags = [
        msgspec.convert(price_tag(article), ImportedPrices, strict=False) for product in products() for article in product.articles
    ]

    assert Counter(tag.tax_class.value for tag in tags).keys() == {"standard", "reduced"}
    assert all(price.amount.minor_units > 0 for tag in tags for price in tag.prices)


def test_every_price_stands_in_a_list_of_its_currency() -> None:
    lists = {name: msgspec.convert(terms, PriceListBody) for name, terms in PRICE_LISTS.items()}

    tag = msgspec.convert(price_tag(next(products(count=1)).articles[0]), ImportedPrices)

    assert [price.amount.currency for price in tag.prices] == [lists[price.price_list_id].currency for price in tag.prices]
    assert {price.amount.currency for price in tag.prices} == {"EUR", "USD", "JPY"}
