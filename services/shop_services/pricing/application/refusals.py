"""What pricing refuses, in words that are the same over HTTP and gRPC."""

from __future__ import annotations

from collections.abc import Iterable

from shop_kit.errors import FieldFault, Refused

from shop_services.pricing.domain.coupons import Refusal


def country_not_served(country: str) -> Refused:
    """Return the refusal of a country that the shop does not ship to."""
    faults = [FieldFault("$.country", "the shop does not ship there")]
    return Refused("The shop does not ship there", kind="country-not-served", detail=f"country {country}", faults=faults)


def shipping_not_offered(method: str, country: str, currency: str) -> Refused:
    """Return the refusal of a way to ship."""
    return Refused(
        "This way of shipping is not offered",
        kind="shipping-not-offered",
        detail=f"{method} to {country} in {currency}",
        faults=[FieldFault("$.shippingMethod", "is not offered there in this currency")],
    )


def no_price(currency: str, places: Iterable[tuple[int, str]]) -> Refused:
    """Return the refusal of lines, each by its place and SKU, whose article cannot be bought."""
    faults = [FieldFault(f"$.lines[{index}].sku", f"{sku} has no price in {currency}") for index, sku in places]
    return Refused("An article has no price", kind="no-price", detail=f"in {currency}, for this customer, now", faults=faults)


def coupons_not_valid(refused: Iterable[tuple[int, Refusal]]) -> Refused:
    """Return the refusal of coupons, each by its place."""
    faults = [FieldFault(f"$.couponCodes[{index}]", f"{one.code}: {one.reason.sentence}") for index, one in refused]
    return Refused("A coupon cannot be used", kind="coupon-not-valid", faults=faults)


def no_such_promotion(promotion_id: str) -> Refused:
    """Return the refusal of a coupon for a promotion that does not exist."""
    faults = [FieldFault("$.promotionId", f"there is no promotion {promotion_id}")]
    return Refused("There is no such promotion", kind="promotion-not-found", faults=faults)


def no_such_lists(places: Iterable[tuple[int, str]]) -> Refused:
    """Return the refusal of prices, each by its place and list, whose list does not exist."""
    faults = [FieldFault(f"$.prices[{index}].priceListId", f"there is no price list {name}") for index, name in places]
    return Refused("There is no such price list", kind="price-list-not-found", faults=faults)


def other_currency(places: Iterable[tuple[int, str]]) -> Refused:
    """Return the refusal of prices, each by its place and the list's currency, that are in another."""
    faults = [FieldFault(f"$.prices[{index}].amount.currency", f"the price list is in {currency}") for index, currency in places]
    return Refused("A price is in another currency than its list", kind="wrong-currency", faults=faults)
