"""What the products of the seeded shop cost: in euros, dollars and yen for everybody, and without tax for those who sell on."""

from __future__ import annotations

from collections.abc import Mapping

from shop_seeding.products import CURRENCY, Article

FOOD = "PAN-"
"""How the SKUs of what is eaten begin: it has the reduced rate of tax."""

PRICE_LISTS: Mapping[str, Mapping[str, object]] = {
    "retail-eur": {"currency": "EUR", "taxIncluded": True},
    "retail-usd": {"currency": "USD", "taxIncluded": True},
    "retail-jpy": {"currency": "JPY", "taxIncluded": True},
    "wholesale-eur": {"currency": "EUR", "customerGroup": "wholesale", "taxIncluded": False},
}


def price_tag(article: Article) -> dict[str, object]:
    """Return an article's prices as pricing imports them."""
    cents = article.price_minor_units
    amounts = {
        "retail-eur": (CURRENCY, cents),
        "retail-usd": ("USD", cents * 108 // 100),
        "retail-jpy": ("JPY", cents * 16 // 100 * 10),
        "wholesale-eur": (CURRENCY, cents * 70 // 100),
    }
    prices = [
        {"priceListId": name, "amount": {"currency": currency, "minorUnits": units}} for name, (currency, units) in amounts.items()
    ]
    return {"sku": article.sku, "taxClass": "reduced" if article.sku.startswith(FOOD) else "standard", "prices": prices}
