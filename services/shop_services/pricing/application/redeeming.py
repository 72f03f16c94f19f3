"""The use cases of coupons: each command takes effect once and is answered every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shop_kit.aggregates import decide_and_record
from shop_kit.errors import Invalid

from shop_services.pricing.application.ports import Clock, CouponRepository
from shop_services.pricing.domain.coupons import Decision, Redeem, Redemption, redeem, released_before_it_was_redeemed

MOST_CODES = 10


class RedemptionRepository(Protocol):
    """What orders have used. Each is written together with the uses of its codes and the event that tells of it."""

    async def find(self, order_id: str, *, fresh: bool) -> Redemption | None:
        """Return what an order has used, or None. Unless `fresh`, it may be as remembered."""
        ...

    async def save(self, decision: Decision, *, handling: str) -> None:
        """Write a decision, count the uses, announce the state, and remember the message `handling`: all or nothing.

        Raises shop_kit's Stale when a limit is reached meanwhile, or coupon or redemption are not what was decided on.
        """
        ...


@dataclass(frozen=True)
class Redeeming:
    """Uses coupons for orders, and makes them free again."""

    coupons: CouponRepository
    redemptions: RedemptionRepository
    clock: Clock

    async def redeem(self, wanted: Redeem, *, handling: str) -> None:
        """Use all codes of an order or none; answer a repeated request with the state it led to. Raises Invalid, Conflict."""
        if len(wanted.codes) > MOST_CODES or len(set(wanted.codes)) < len(wanted.codes):
            raise Invalid(f"up to {MOST_CODES} different codes can be redeemed, not {list(wanted.codes)}")

        async def attempt(*, fresh: bool) -> None:
            # The first try does not look for an earlier redemption: where there is one, it makes the try stale.
            existing = await self.redemptions.find(wanted.order_id, fresh=True) if fresh else None
            if existing is not None and existing.revision.has_handled(handling):
                return
            await self.redemptions.save(existing.again() if existing else await self._decide(wanted), handling=handling)

        await decide_and_record(attempt, subject=f"the coupons of {wanted.order_id}")

    async def release(self, order_id: str, *, handling: str) -> None:
        """Make the coupons of an order free again; when none is used, see to it that none will be. Raises Conflict."""

        async def attempt(*, fresh: bool) -> None:
            existing = await self.redemptions.find(order_id, fresh=fresh)
            if existing is None:
                await self.redemptions.save(released_before_it_was_redeemed(order_id), handling=handling)
            elif not existing.revision.has_handled(handling):
                await self.redemptions.save(existing.release(), handling=handling)

        await decide_and_record(attempt, subject=f"the coupons of {order_id}")

    async def _decide(self, wanted: Redeem) -> Decision:
        coupons = await self.coupons.find(wanted.codes)
        used = await self.coupons.used_by(wanted.customer_id, wanted.codes)
        return redeem(wanted, coupons=coupons, used_by_customer=used, at=self.clock.now())
