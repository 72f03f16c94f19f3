"""What takes something off in the seeded shop."""

from __future__ import annotations

import msgspec
from shop_seeding.offers import COUPONS, promotions
from shop_seeding.products import products
from shop_services.pricing.adapters.promotion_bodies import CouponBody, PromotionBody, coupon_code

ARTICLES = [article for product in products(seed=42, count=1_000) for article in product.articles]


def test_pricing_takes_every_promotion_and_every_coupon() -> None:
    offered = {name: msgspec.convert(terms, PromotionBody) for name, terms in promotions(ARTICLES).items()}
    coupons = {code: msgspec.convert(terms, CouponBody) for code, terms in COUPONS.items()}

    assert {one.promotion_id for one in coupons.values()} == {name for name, one in offered.items() if one.needs_coupon}
    assert all(coupon_code(code) == code for code in coupons)


def test_only_what_is_eaten_is_cheaper_without_a_coupon() -> None:
    unasked = [one for one in promotions(ARTICLES).values() if "needsCoupon" not in one]

    assert len(unasked) == 1
    assert all(str(sku).startswith("PAN-") for sku in msgspec.convert(unasked[0]["skus"], list[str]))
