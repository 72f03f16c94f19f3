"""Promotions and coupons as staff set them and as quotes use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fakes.pricing_in_process import Pricing, pricing_in_process

pytestmark = pytest.mark.anyio
TEN = {"name": "10 % off", "reward": {"kind": "percentage", "basisPoints": 1000}}
CART = {"lines": [{"sku": "mug", "quantity": 2}], "currency": "EUR", "country": "DE"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def pricing() -> AsyncIterator[Pricing]:
    async with pricing_in_process() as found:
        await found.price("mug", 1000)
        yield found


async def put(pricing: Pricing, path: str, body: dict[str, Any], **seen: str) -> httpx.Response:
    return await pricing.http.put(path, json=body, headers=pricing.headers(**(seen or {"if_none_match": "*"})))


async def test_a_promotion_counts_from_the_moment_it_is_set(pricing: Pricing) -> None:
    made = await put(pricing, "/v1/promotions/ten", TEN)

    quote = (await pricing.quote(CART)).json()

    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert (quote["lines"][0]["discount"], quote["promotions"]) == (200, [{"id": "ten", "amount": 200}])


async def test_a_promotion_that_needs_a_coupon_counts_for_who_has_it(pricing: Pricing) -> None:
    await put(pricing, "/v1/promotions/ten", {**TEN, "needsCoupon": True})
    made = await put(pricing, "/v1/coupons/welcome10", {"promotionId": "ten", "mostUses": 1})

    without = (await pricing.quote(CART)).json()
    with_it = (await pricing.quote({**CART, "couponCodes": ["Welcome10"]})).json()

    assert made.json()["code"] == "WELCOME10"
    assert (without["discount"], with_it["discount"], with_it["coupons"]) == (0, 200, ["WELCOME10"])
    assert with_it["promotions"] == [{"id": "ten", "amount": 200, "couponCode": "WELCOME10"}]


async def test_a_coupon_that_cannot_be_used_refuses_the_quote_and_says_which(pricing: Pricing) -> None:
    await put(pricing, "/v1/promotions/ten", {**TEN, "needsCoupon": True})
    await put(pricing, "/v1/coupons/GOOD", {"promotionId": "ten"})
    await put(pricing, "/v1/coupons/ONCE", {"promotionId": "ten", "mostUses": 1})
    pricing.tables.coupons["ONCE"] = replace(pricing.tables.coupons["ONCE"], used=1)

    refused = await pricing.quote({**CART, "couponCodes": ["GOOD", "ONCE", "NOSUCH"]})

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/coupon-not-valid")
    assert [one["field"] for one in refused.json()["errors"]] == ["$.couponCodes[1]", "$.couponCodes[2]"]


async def test_setting_a_coupon_anew_leaves_its_uses_counted(pricing: Pricing) -> None:
    await put(pricing, "/v1/promotions/ten", TEN)
    await put(pricing, "/v1/coupons/TEN", {"promotionId": "ten", "mostUses": 5})
    pricing.tables.coupons["TEN"] = replace(pricing.tables.coupons["TEN"], used=3)

    changed = await put(pricing, "/v1/coupons/TEN", {"promotionId": "ten", "mostUses": 2}, if_match='"1"')

    assert (changed.json()["used"], changed.json()["mostUses"], changed.headers["etag"]) == (3, 2, '"2"')


@pytest.mark.parametrize("path, body", [("/v1/promotions/ten", TEN), ("/v1/coupons/TEN", {"promotionId": "ten"})])
async def test_who_has_not_seen_what_is_there_changes_nothing(pricing: Pricing, path: str, body: dict[str, Any]) -> None:
    await put(pricing, "/v1/promotions/ten", TEN)
    await put(pricing, path, body)
    other = {**body, "validUntil": "2030-01-01T00:00:00Z"}

    stale = [await put(pricing, path, other, **seen) for seen in ({"if_none_match": "*"}, {"if_match": '"7"'})]
    same = await put(pricing, path, body, if_none_match="*")
    nothing_said = await pricing.http.put(path, json=other, headers=pricing.headers())

    assert [one.status_code for one in stale] == [412, 412]
    assert (same.status_code, same.headers["etag"], nothing_said.status_code) == (200, '"1"', 428)


@pytest.mark.parametrize(
    "change",
    [
        {"reward": {"kind": "percentage", "basisPoints": 0}},
        {"reward": {"kind": "percentage", "basisPoints": 10_001}},
        {"reward": {"kind": "gift"}},
        {"reward": {"kind": "fixed-amount", "amounts": []}},
        {
            "reward": {
                "kind": "fixed-amount",
                "amounts": [{"currency": "EUR", "minorUnits": 1}, {"currency": "EUR", "minorUnits": 2}],
            }
        },
        {"reward": {"kind": "buy-x-get-y", "buy": 2, "get": 1}, "target": "shipping"},
        {"validFrom": "2030-01-01T00:00:00Z", "validUntil": "2030-01-01T00:00:00Z"},
        {"validFrom": "2030-01-01T00:00:00"},
        {"skus": ["../etc"]},
        {"nonsense": 1},
    ],
)
async def test_a_promotion_that_makes_no_sense_is_refused_with_every_fault(pricing: Pricing, change: dict[str, Any]) -> None:
    answer = await put(pricing, "/v1/promotions/ten", {**TEN, **change})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-body")
    assert answer.json()["errors"]


async def test_a_coupon_is_for_a_promotion_that_exists(pricing: Pricing) -> None:
    answer = await put(pricing, "/v1/coupons/TEN", {"promotionId": "no-such"})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/promotion-not-found")


@pytest.mark.parametrize("kind, body", [("promotions", TEN), ("coupons", {"promotionId": "a"})])
async def test_they_come_page_by_page(pricing: Pricing, kind: str, body: dict[str, Any]) -> None:
    await put(pricing, "/v1/promotions/a", TEN)
    for name in ("a", "b", "c"):
        await put(pricing, f"/v1/{kind}/{name}", body)

    first = (await pricing.http.get(f"/v1/{kind}", params={"limit": 2}, headers=pricing.headers())).json()
    second = (
        await pricing.http.get(f"/v1/{kind}", params={"limit": 2, "cursor": first["nextCursor"]}, headers=pricing.headers())
    ).json()

    assert (len(first["items"]), len(second["items"]), second["nextCursor"]) == (2, 1, None)


@pytest.mark.parametrize("path", ["/v1/promotions/No-Such", "/v1/promotions/no-such", "/v1/coupons/NOSUCH", "/v1/coupons/%20"])
async def test_what_is_not_there_is_not_found(pricing: Pricing, path: str) -> None:
    assert (await pricing.http.get(path, headers=pricing.headers())).status_code == 404


async def test_every_kind_of_reward_is_read_as_it_was_written(pricing: Pricing) -> None:
    rewards = [
        {"kind": "percentage", "basisPoints": 1000},
        {"kind": "fixed-amount", "amounts": [{"currency": "EUR", "minorUnits": 500}]},
        {"kind": "buy-x-get-y", "buy": 2, "get": 1},
    ]
    for number, reward in enumerate(rewards):
        await put(pricing, f"/v1/promotions/p{number}", {"name": "A promotion", "reward": reward})

    found = [(await pricing.http.get(f"/v1/promotions/p{n}", headers=pricing.headers())).json() for n in range(3)]

    assert [one["reward"] for one in found] == rewards
