"""Prices and redemptions as Protobuf events."""

from __future__ import annotations

from shop_contracts.proto.common.v1.money_pb2 import Money as MoneyMessage
from shop_contracts.proto.pricing.v1 import prices_pb2, redemptions_pb2
from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.pricing.domain.coupons import Reason, Redemption, Refusal, Status
from shop_services.pricing.domain.prices import ArticlePrices, Price

PRICES_TOPIC = "shop.pricing.prices.v1"
COMMANDS_TOPIC = "shop.pricing.commands.v1"
REDEMPTIONS_TOPIC = "shop.pricing.redemptions.v1"
SOURCE = "/shop/pricing"

_REASONS = {
    Reason.UNKNOWN: redemptions_pb2.REFUSAL_REASON_UNKNOWN,
    Reason.NOT_VALID_NOW: redemptions_pb2.REFUSAL_REASON_NOT_VALID_NOW,
    Reason.USED_UP: redemptions_pb2.REFUSAL_REASON_USED_UP,
    Reason.USED_UP_BY_CUSTOMER: redemptions_pb2.REFUSAL_REASON_USED_UP_BY_CUSTOMER,
    Reason.NEEDS_CUSTOMER: redemptions_pb2.REFUSAL_REASON_NEEDS_CUSTOMER,
}


def price_event(article: ArticlePrices, *, at: float) -> OutgoingMessage:
    """Return what an article costs from now on, as the message that says so."""
    event = prices_pb2.PriceEvent(sku=article.id, version=article.revision.sequence)
    event.occurred_at.FromMilliseconds(int(at * 1000))
    if article.prices:
        event.prices_changed.prices.extend(map(price_message, article.prices))
    else:
        event.prices_removed.SetInParent()
    return outgoing(PRICES_TOPIC, article.id, event, source=SOURCE, sequence=article.revision.sequence)


def redemption_event(redemption: Redemption, *, at: float) -> OutgoingMessage:
    """Return what is true of an order's coupons now, as the message that says so. The key is the order's id."""
    event = redemptions_pb2.RedemptionEvent(order_id=redemption.id, version=redemption.revision.sequence)
    event.occurred_at.FromMilliseconds(int(at * 1000))
    match redemption.status:
        case Status.REDEEMED:
            event.coupons_redeemed.SetInParent()
        case Status.RELEASED:
            event.coupons_released.SetInParent()
        case Status.REFUSED:
            refusal = redemption.refusal or Refusal("", Reason.UNKNOWN)
            event.coupons_refused.code = refusal.code
            event.coupons_refused.reason = _REASONS[refusal.reason]
            event.coupons_refused.explanation = f"Coupon {refusal.code} cannot be used: {refusal.reason.sentence}."
    return outgoing(REDEMPTIONS_TOPIC, redemption.id, event, source=SOURCE, sequence=redemption.revision.sequence)


def price_message(price: Price) -> prices_pb2.Price:
    """Return a price as contracts have it."""
    terms = price.price_list
    message = prices_pb2.Price(
        price_list_id=terms.id,
        customer_group=terms.customer_group,
        amount=MoneyMessage(currency_code=price.amount.currency, minor_units=price.amount.minor_units),
        tax_included=terms.tax_included,
    )
    if terms.validity.begins is not None:
        message.valid_from.FromMilliseconds(int(terms.validity.begins * 1000))
    if terms.validity.ends is not None:
        message.valid_until.FromMilliseconds(int(terms.validity.ends * 1000))
    return message
