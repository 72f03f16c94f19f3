"""Promotions, coupons and what orders have used of them, in DynamoDB.

Using coupons is one transaction: the redemption under its version, with the message that it answers; one use more of each coupon,
in all and by the customer, on the condition that no limit is reached; and the event. So no race can exceed a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec
from shop_kit.aggregates import Stale
from shop_kit.aggregates.dynamo import DynamoAggregates, revision_of
from shop_kit.aws.dynamo import ConditionFailed, Item, Put, Update, Write
from shop_kit.clock import Clock
from shop_kit.service import TableStore

from shop_services.pricing.adapters.events import redemption_event
from shop_services.pricing.adapters.promotion_bodies import CouponBody, PromotionBody
from shop_services.pricing.application.ports import Page
from shop_services.pricing.domain.coupons import Coupon, Decision, Reason, Redemption, Refusal, Status, is_known
from shop_services.pricing.domain.promotions import Promotion

PROMOTIONS, COUPONS = "promotions", "coupons"
"""Partitions of all promotions and of all coupons. One takes 1,000 writes/s on AWS: so many uses of coupons; beyond, shard them."""


class DynamoPromotions:
    """The PromotionRepository: all in one partition, read at once."""

    def __init__(self, store: TableStore) -> None:
        self._store = store

    async def all(self) -> Sequence[Promotion]:
        """Every promotion."""
        items = self._store.dynamo.query_all(self._store.table, "pk = :promotions", {":promotions": PROMOTIONS})
        return [_to_promotion(item) async for item in items]

    async def find(self, promotion_id: str) -> Promotion | None:
        """Return a promotion, or None."""
        item = await self._store.dynamo.get(self._store.table, {"pk": PROMOTIONS, "sk": promotion_id})
        return _to_promotion(item) if item else None

    async def page(self, *, limit: int, behind: str | None) -> Page[Promotion]:
        """Up to `limit` promotions by id."""
        items, next_id = await _page(self._store, PROMOTIONS, limit, behind)
        return Page([*map(_to_promotion, items)], next_id)

    async def save(self, promotion: Promotion) -> Promotion:
        """Write a promotion. Raises Stale."""
        saved = replace(promotion, version=promotion.version + 1)
        document = msgspec.json.encode(PromotionBody.of(saved))
        item = {"pk": PROMOTIONS, "sk": saved.id, "document": document, "version": saved.version}
        is_new = promotion.version == 0
        put = Put(
            self._store.table,
            item,
            condition="attribute_not_exists(pk)" if is_new else "version = :before",
            values={} if is_new else {":before": promotion.version},
        )
        await _write(self._store, put, saved.id)
        return saved


class DynamoCoupons:
    """The CouponRepository. What somebody sets and what is counted stand in one item, and are written apart."""

    def __init__(self, store: TableStore) -> None:
        self._store = store

    async def find(self, codes: Iterable[str]) -> Mapping[str, Coupon]:
        """Those of the coupons that exist."""
        items = await self._store.dynamo.get_many(self._store.table, [{"pk": COUPONS, "sk": code} for code in set(codes)])
        return {item["sk"]: _to_coupon(item) for item in items}

    async def used_by(self, customer_id: str, codes: Iterable[str]) -> Mapping[str, int]:
        """Return how often a customer has used these."""
        keys = [_use_key(code, customer_id) for code in set(codes)] if is_known(customer_id) else []
        items = await self._store.dynamo.get_many(self._store.table, keys)
        return {item["code"]: item["used"] for item in items}

    async def page(self, *, limit: int, behind: str | None) -> Page[Coupon]:
        """Up to `limit` coupons by code."""
        items, next_id = await _page(self._store, COUPONS, limit, behind)
        return Page([*map(_to_coupon, items)], next_id)

    async def save(self, coupon: Coupon) -> Coupon:
        """Write what was set of a coupon. Raises Stale."""
        document = msgspec.json.encode(CouponBody.of(coupon))
        values = {":document": document, ":after": coupon.version + 1, ":none": 0}
        update = Update(
            self._store.table,
            {"pk": COUPONS, "sk": coupon.id},
            "SET document = :document, version = :after, used = if_not_exists(used, :none)",
            condition="version = :before" if coupon.version else "attribute_not_exists(pk)",
            values={**values, ":before": coupon.version} if coupon.version else values,
        )
        await _write(self._store, update, coupon.id)
        return replace(coupon, version=coupon.version + 1)


class DynamoRedemptions:
    """The RedemptionRepository on the service's own table, with its outbox."""

    def __init__(self, store: TableStore, clock: Clock) -> None:
        self._table = store.table
        self._clock = clock
        self._redemptions = DynamoAggregates[Redemption](
            store.dynamo, store.outbox, table=store.table, kind="redemption", to_item=_from_redemption, from_item=_to_redemption
        )

    async def find(self, order_id: str, *, fresh: bool) -> Redemption | None:
        """Return what an order has used, as remembered unless `fresh`."""
        return await self._redemptions.find(order_id, fresh=fresh)

    async def save(self, decision: Decision, *, handling: str) -> None:
        """Write a decision, count the uses and announce it. Raises Stale."""
        now = self._clock.now()
        await self._redemptions.save(
            decision.redemption,
            handling=handling,
            announce=lambda saved: redemption_event(saved, at=now),
            also=[*self._uses(decision)],
        )

    def _uses(self, decision: Decision) -> Iterator[Write]:
        if decision.uses == 0:
            return
        redemption = decision.redemption
        for code in redemption.codes:
            coupon = decision.coupons.get(code)  # none where uses are given back: that stands on no limit
            yield self._use({"pk": COUPONS, "sk": code}, decision.uses, coupon.most_uses if coupon else None, coupon)
            if is_known(redemption.customer_id):
                most = coupon.most_uses_by_customer if coupon else None
                yield self._use(_use_key(code, redemption.customer_id), decision.uses, most, None, code=code)

    def _use(self, key: Item, uses: int, most: int | None, coupon: Coupon | None, *, code: str | None = None) -> Update:
        """Count uses, if the limit allows them; of a coupon itself, if nobody set its limits anew since it was read."""
        values: Item = {":uses": uses, ":none": 0}
        conditions = []
        if coupon is not None:
            conditions.append("version = :version")
            values[":version"] = coupon.version
        if uses < 0:
            conditions.append("used >= :least")
            values[":least"] = -uses
        elif most is not None:
            conditions.append("(attribute_not_exists(used) OR used < :most)")
            values[":most"] = most
        expression = "SET used = if_not_exists(used, :none) + :uses"
        if code is not None:
            expression += ", code = :code"
            values[":code"] = code
        return Update(self._table, key, expression, condition=" AND ".join(conditions) or None, values=values)


async def _page(store: TableStore, partition: str, limit: int, behind: str | None) -> tuple[Sequence[Item], str | None]:
    start = {"pk": partition, "sk": behind} if behind else None
    page = await store.dynamo.query(store.table, "pk = :partition", {":partition": partition}, limit=limit, start=start)
    return page.items, page.next_key["sk"] if page.next_key else None


async def _write(store: TableStore, write: Write, name: str) -> None:
    try:
        await store.dynamo.write(write)
    except ConditionFailed as error:
        raise Stale(f"{name} was set by somebody else meanwhile") from error


def _use_key(code: str, customer_id: str) -> Item:
    return {"pk": f"coupon-use#{code}#{customer_id}", "sk": "coupon-use"}


def _to_promotion(item: Item) -> Promotion:
    return msgspec.json.decode(item["document"], type=PromotionBody).promotion(item["sk"], version=item["version"])


def _to_coupon(item: Item) -> Coupon:
    body = msgspec.json.decode(item["document"], type=CouponBody)
    return body.coupon(item["sk"], version=item["version"], used=item["used"])


def _from_redemption(redemption: Redemption) -> Item:
    refusal = redemption.refusal
    return {
        "status": redemption.status.value,
        "customer_id": redemption.customer_id,
        "quote_id": redemption.quote_id,
        "codes": list(redemption.codes),
        "refusal": {"code": refusal.code, "reason": refusal.reason.value} if refusal else None,
    }


def _to_redemption(item: Item) -> Redemption:
    refusal = item.get("refusal")
    return Redemption(
        item["id"],
        Status(item["status"]),
        item["customer_id"],
        item["quote_id"],
        tuple(item["codes"]),
        Refusal(refusal["code"], Reason(refusal["reason"])) if refusal else None,
        revision_of(item),
    )
