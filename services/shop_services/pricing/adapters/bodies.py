"""What pricing is asked over HTTP and gRPC, checked in one place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from shop_kit.http.values import MoneyBody, SkuText
from shop_kit.shared_kernel import MOST_ARTICLES, Money

from shop_services.pricing.application.listing import WantedPrices
from shop_services.pricing.application.quoting import QuoteRequest
from shop_services.pricing.domain.prices import PriceList
from shop_services.pricing.domain.quote import Wish
from shop_services.pricing.domain.tax import TaxClass
from shop_services.pricing.domain.validity import Validity

SLUG = "[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
"""What price lists, promotions and groups of customers are called."""

Name = Annotated[str, msgspec.Meta(pattern=rf"^{SLUG}\Z")]
Group = Annotated[str, msgspec.Meta(pattern=rf"^(?:{SLUG})?\Z")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
CouponCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Version = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


def is_name(text: str) -> bool:
    """Return whether a price list or promotion may be called so."""
    return re.fullmatch(SLUG, text) is not None


def moment(seconds: float | None) -> datetime | None:
    """Return a moment as JSON has it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class WishBody(msgspec.Struct, forbid_unknown_fields=True):
    """An article and how many of it."""

    sku: SkuText
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What somebody may want to buy."""

    lines: Annotated[list[WishBody], msgspec.Meta(min_length=1, max_length=MOST_ARTICLES)]
    currency: Currency
    country: Country
    shipping_method: Name = "standard"
    customer_group: Group = ""
    coupon_codes: Annotated[list[CouponCode], msgspec.Meta(max_length=10)] = msgspec.field(default_factory=list)

    def request(self, customer_id: str | None) -> QuoteRequest:
        """Return the same in the words of the application. Coupon codes are capitals, however they are typed."""
        return QuoteRequest(
            customer_id=customer_id,
            customer_group=self.customer_group,
            currency=self.currency,
            country=self.country,
            shipping_method=self.shipping_method,
            wishes=tuple(Wish(line.sku, line.quantity) for line in self.lines),
            coupon_codes=tuple(dict.fromkeys(code.upper() for code in self.coupon_codes)),
        )


class ValidBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """From when until when something holds."""

    valid_from: Moment | None = None
    valid_until: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse a time that ends before it begins. Raises ValueError, which the decoder reports."""
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("validUntil is not behind validFrom")

    @property
    def validity(self) -> Validity:
        """Return the same in the words of the domain, to the millisecond."""
        return Validity(*(None if moment is None else int(moment.timestamp() * 1000) / 1000 for moment in self._ends))

    @property
    def _ends(self) -> tuple[datetime | None, datetime | None]:
        return self.valid_from, self.valid_until


class PriceListBody(ValidBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The terms of a price list."""

    currency: Currency
    customer_group: Group = ""
    tax_included: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no currency. Raises UnknownCurrency, which the decoder reports."""
        super().__post_init__()
        Money(self.currency, 0)

    def price_list(self, name: str) -> PriceList:
        """Return the same in the words of the domain."""
        return PriceList(name, self.currency, self.customer_group, tax_included=self.tax_included, validity=self.validity)


class PriceBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What one piece costs by a list."""

    price_list_id: Name
    amount: MoneyBody


class PricesBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """All prices that an article shall have, each list at most once."""

    tax_class: TaxClass = TaxClass.STANDARD
    prices: Annotated[list[PriceBody], msgspec.Meta(min_length=1, max_length=50)]

    def __post_init__(self) -> None:
        """Refuse a list that stands twice. Raises ValueError, which the decoder reports."""
        if len({price.price_list_id for price in self.prices}) < len(self.prices):
            raise ValueError("a price list stands there twice")

    def wanted(self, sku: str, *, seen_version: int) -> WantedPrices:
        """Return the same in the words of the application."""
        amounts = tuple((price.price_list_id, price.amount.money()) for price in self.prices)
        return WantedPrices(sku, self.tax_class, amounts, seen_version)


class ImportedPrices(PricesBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The prices of an article of an import; `version` is the one that was seen, 0 when it had none."""

    sku: SkuText
    version: Version = 0


class PriceImportBody(msgspec.Struct, forbid_unknown_fields=True):
    """The prices of up to 100 articles at once, each at most once."""

    items: Annotated[list[ImportedPrices], msgspec.Meta(min_length=1, max_length=100)]

    def __post_init__(self) -> None:
        """Refuse an article that stands twice. Raises ValueError, which the decoder reports."""
        if len({item.sku for item in self.items}) < len(self.items):
            raise ValueError("an article stands there twice")


class PricesQuery(msgspec.Struct, rename="camel", kw_only=True):
    """Which prices are asked for: 1 to 100 SKUs, with commas between them."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=6_500)]
    currency: Currency
    customer_group: Group = ""
    country: Country | None = None


class ShippingQuery(msgspec.Struct):
    """Where to, and in which currency."""

    country: Country
    currency: Currency
