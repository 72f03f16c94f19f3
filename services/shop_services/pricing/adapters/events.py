"""Prices as Protobuf events."""

from __future__ import annotations

from shop_contracts.proto.common.v1.money_pb2 import Money as MoneyMessage
from shop_contracts.proto.pricing.v1 import prices_pb2
from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.pricing.domain.prices import ArticlePrices, Price

PRICES_TOPIC = "shop.pricing.prices.v1"
SOURCE = "/shop/pricing"


def price_event(article: ArticlePrices, *, at: float) -> OutgoingMessage:
    """Return what an article costs from now on, as the message that says so."""
    event = prices_pb2.PriceEvent(sku=article.id, version=article.revision.sequence)
    event.occurred_at.FromMilliseconds(int(at * 1000))
    if article.prices:
        event.prices_changed.prices.extend(map(price_message, article.prices))
    else:
        event.prices_removed.SetInParent()
    return outgoing(PRICES_TOPIC, article.id, event, source=SOURCE, sequence=article.revision.sequence)


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
