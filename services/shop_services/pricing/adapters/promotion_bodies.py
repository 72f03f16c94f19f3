"""Promotions and coupons as JSON: how they are set, answered, and stored."""

from __future__ import annotations

from typing import Annotated

import msgspec
from shop_kit.http.values import MoneyBody, SkuText
from shop_kit.shared_kernel import Money

from shop_services.pricing.adapters.bodies import CouponCode, Group, Name, ValidBody, moment
from shop_services.pricing.domain.coupons import Coupon
from shop_services.pricing.domain.promotions import BuyXGetY, FixedAmount, Percentage, Promotion, Reward, Target

Pieces = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Uses = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class PercentageBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", tag_field="kind", tag="percentage"):
    """A part in basis points."""

    basis_points: Annotated[int, msgspec.Meta(ge=1, le=10_000)]

    def reward(self) -> Reward:
        """Return the same in the words of the domain."""
        return Percentage(self.basis_points)


class FixedAmountBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", tag_field="kind", tag="fixed-amount"):
    """An amount for each currency."""

    amounts: Annotated[list[MoneyBody], msgspec.Meta(min_length=1, max_length=50)]

    def __post_init__(self) -> None:
        """Refuse a currency that stands twice. Raises ValueError, which the decoder reports."""
        if len({one.currency for one in self.amounts}) < len(self.amounts):
            raise ValueError("a currency stands there twice")

    def reward(self) -> Reward:
        """Return the same in the words of the domain."""
        return FixedAmount(_amounts(self.amounts))


class BuyXGetYBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", tag_field="kind", tag="buy-x-get-y"):
    """Of each `buy + get` pieces the `get` cheapest are free."""

    buy: Pieces
    get: Pieces

    def reward(self) -> Reward:
        """Return the same in the words of the domain."""
        return BuyXGetY(self.buy, self.get)


RewardBody = PercentageBody | FixedAmountBody | BuyXGetYBody


class PromotionBody(ValidBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A promotion as it shall be."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reward: RewardBody
    target: Target = Target.ARTICLES
    skus: Annotated[list[SkuText], msgspec.Meta(max_length=500)] = msgspec.field(default_factory=list)
    customer_group: Group = ""
    minimums: Annotated[list[MoneyBody], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)
    priority: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 100
    is_exclusive: bool = False
    needs_coupon: bool = False

    def __post_init__(self) -> None:
        """Refuse what goes with no other. Raises ValueError, which the decoder reports."""
        super().__post_init__()
        if self.target is Target.SHIPPING and isinstance(self.reward, BuyXGetYBody):
            raise ValueError("no pieces of shipping are bought")

    def promotion(self, promotion_id: str, *, version: int) -> Promotion:
        """Return the same in the words of the domain."""
        return Promotion(
            promotion_id,
            self.name,
            self.reward.reward(),
            target=self.target,
            skus=frozenset(self.skus),
            customer_group=self.customer_group,
            minimums=_amounts(self.minimums),
            validity=self.validity,
            priority=self.priority,
            is_exclusive=self.is_exclusive,
            needs_coupon=self.needs_coupon,
            version=version,
        )

    @classmethod
    def of(cls, promotion: Promotion) -> PromotionBody:
        """Return a promotion as JSON has it."""
        return cls(
            name=promotion.name,
            reward=_reward(promotion.reward),
            target=promotion.target,
            skus=sorted(promotion.skus),
            customer_group=promotion.customer_group,
            minimums=_bodies(promotion.minimums),
            priority=promotion.priority,
            is_exclusive=promotion.is_exclusive,
            needs_coupon=promotion.needs_coupon,
            valid_from=moment(promotion.validity.begins),
            valid_until=moment(promotion.validity.ends),
        )


class CouponBody(ValidBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A coupon as it shall be; without a limit it may be used for ever."""

    promotion_id: Name
    most_uses: Uses | None = None
    most_uses_by_customer: Uses | None = None

    def coupon(self, code: str, *, version: int, used: int = 0) -> Coupon:
        """Return the same in the words of the domain."""
        return Coupon(
            code, self.promotion_id, self.most_uses, self.most_uses_by_customer, self.validity, used=used, version=version
        )

    @classmethod
    def of(cls, coupon: Coupon) -> CouponBody:
        """Return a coupon as JSON has it."""
        return cls(
            promotion_id=coupon.promotion_id,
            most_uses=coupon.most_uses,
            most_uses_by_customer=coupon.most_uses_by_customer,
            valid_from=moment(coupon.validity.begins),
            valid_until=moment(coupon.validity.ends),
        )


def coupon_code(text: str) -> str | None:
    """Return a code in capitals; None for what is no code."""
    try:
        return msgspec.convert(text, CouponCode).upper()
    except msgspec.ValidationError:
        return None


def _amounts(bodies: list[MoneyBody]) -> tuple[Money, ...]:
    return tuple(body.money() for body in bodies)


def _bodies(amounts: tuple[Money, ...]) -> list[MoneyBody]:
    return [MoneyBody(amount.currency, amount.minor_units) for amount in amounts]


def _reward(reward: Reward) -> RewardBody:
    match reward:
        case Percentage(basis_points):
            return PercentageBody(basis_points)
        case FixedAmount(amounts):
            return FixedAmountBody(_bodies(amounts))
        case BuyXGetY(buy, get):
            return BuyXGetYBody(buy, get)
        case _:
            raise TypeError(f"{type(reward).__name__} is no reward that is known here")
