"""What takes something off in the seeded shop: promotions, and coupons that ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop_seeding.price_tags import FOOD
from shop_seeding.products import Article

MOST_SKUS = 500
"""The most articles that one promotion is about."""


def promotions(articles: Sequence[Article]) -> Mapping[str, Mapping[str, object]]:
    """Return the promotions by id, as pricing takes them. Only what is eaten is cheaper without being asked for."""
    food = [article.sku for article in articles if article.sku.startswith(FOOD)][:MOST_SKUS]
    by_coupon: Mapping[str, Mapping[str, object]] = {
        "welcome": {"name": "10 % off for new customers", "reward": {"kind": "percentage", "basisPoints": 1000}},
        "five-off": {
            "name": "5 euros off from 50 euros on",
            "reward": {"kind": "fixed-amount", "amounts": _amounts(500, 550, 800)},
            "minimums": _amounts(5_000, 5_500, 8_000),
        },
        "free-shipping": {
            "name": "Shipping for nothing",
            "reward": {"kind": "percentage", "basisPoints": 10_000},
            "target": "shipping",
        },
        "clearance": {
            "name": "30 % off, with nothing else",
            "reward": {"kind": "percentage", "basisPoints": 3000},
            "isExclusive": True,
        },
    }
    found: dict[str, Mapping[str, object]] = {name: {**terms, "needsCoupon": True} for name, terms in by_coupon.items()}
    if food:
        found["three-for-two"] = {
            "name": "3 for 2 of all that is eaten",
            "reward": {"kind": "buy-x-get-y", "buy": 2, "get": 1},
            "skus": food,
        }
    return found


COUPONS: Mapping[str, Mapping[str, object]] = {
    "WELCOME10": {"promotionId": "welcome", "mostUsesByCustomer": 1},
    "FIVEOFF": {"promotionId": "five-off", "mostUses": 1_000},
    "SHIPFREE": {"promotionId": "free-shipping"},
    "LASTONE": {"promotionId": "clearance", "mostUses": 1},
}
"""The coupons by code, as pricing takes them."""


def _amounts(euro_cents: int, dollar_cents: int, yen: int) -> list[dict[str, object]]:
    amounts = {"EUR": euro_cents, "USD": dollar_cents, "JPY": yen}
    return [{"currency": currency, "minorUnits": units} for currency, units in amounts.items()]
