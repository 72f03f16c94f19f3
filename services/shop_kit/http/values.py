"""The shared kernel's values as they stand in JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request

from shop_kit.errors import FieldFault
from shop_kit.http.problems import Problem
from shop_kit.shared_kernel import InvalidSku, Money, Sku, parse_sku
from shop_kit.shared_kernel import sku as skus

SkuText = Annotated[str, msgspec.Meta(pattern=rf"^{skus.PATTERN}\Z")]
"""A SKU in a body or a query."""


def sku_in_path(request: Request) -> Sku:
    """Return the SKU in a route's `{sku}`. Raises Problem 422 for a text that is none."""
    try:
        return parse_sku(request.path_params["sku"])
    except InvalidSku as error:
        raise Problem(422, "This is not a SKU", kind="invalid-sku", errors=[FieldFault("sku", str(error))]) from error


class MoneyView(msgspec.Struct, rename="camel"):
    """An amount in the currency's minor unit, as it is answered."""

    currency: str
    minor_units: int

    @classmethod
    def of(cls, amount: Money) -> MoneyView:
        """Return the amount as it is answered."""
        return cls(amount.currency, amount.minor_units)


class MoneyBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An amount as a client sends it: at least 0, in a currency of ISO 4217."""

    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    minor_units: Annotated[int, msgspec.Meta(ge=0, le=10**12)]

    def __post_init__(self) -> None:
        """Refuse what is no money. Raises UnknownCurrency, which the decoder reports with the place in the body."""
        self.money()

    def money(self) -> Money:
        """Return the amount in the domain's words."""
        return Money(self.currency, self.minor_units)
