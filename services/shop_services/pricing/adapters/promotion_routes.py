"""Promotions and coupons over HTTP, for those who set them. None is ever removed: what is over has an end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from shop_kit.aggregates import Stale
from shop_kit.errors import FieldFault
from shop_kit.http import GuardedRoute, Problem, Scope, json, read_body, read_query
from shop_kit.http.cursors import PageQuery, cursor_behind, id_in_cursor
from shop_kit.http.etags import changed_meanwhile, etag_of, seen_version
from starlette.requests import Request
from starlette.responses import Response

from shop_services.pricing.adapters.bodies import is_name
from shop_services.pricing.adapters.price_routes import READ, WRITE
from shop_services.pricing.adapters.promotion_bodies import CouponBody, PromotionBody, coupon_code
from shop_services.pricing.application import refusals
from shop_services.pricing.application.ports import CouponRepository, PromotionRepository
from shop_services.pricing.domain.coupons import Coupon
from shop_services.pricing.domain.promotions import Promotion


class PromotionView(PromotionBody, rename="camel", kw_only=True):
    """A promotion as it is."""

    id: str
    version: int


class CouponView(CouponBody, rename="camel", kw_only=True):
    """A coupon as it is."""

    code: str
    used: int
    version: int


class PromotionPageView(msgspec.Struct, rename="camel"):
    """Some promotions and where to go on."""

    items: list[PromotionView]
    next_cursor: str | None


class CouponPageView(msgspec.Struct, rename="camel"):
    """Some coupons and where to go on."""

    items: list[CouponView]
    next_cursor: str | None


@dataclass(frozen=True)
class PromotionRoutes:
    """The routes of those who set promotions and coupons."""

    promotions: PromotionRepository
    coupons: CouponRepository

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/promotions", self.list_promotions, access=Scope(READ)),
            GuardedRoute("/v1/promotions/{promotion_id}", self.show_promotion, access=Scope(READ)),
            GuardedRoute("/v1/promotions/{promotion_id}", self.put_promotion, methods=["PUT"], access=Scope(WRITE)),
            GuardedRoute("/v1/coupons", self.list_coupons, access=Scope(READ)),
            GuardedRoute("/v1/coupons/{code}", self.show_coupon, access=Scope(READ)),
            GuardedRoute("/v1/coupons/{code}", self.put_coupon, methods=["PUT"], access=Scope(WRITE)),
        ]

    async def list_promotions(self, request: Request) -> Response:
        """Answer with a page of promotions."""
        query = read_query(request, PageQuery)
        page = await self.promotions.page(limit=query.limit, behind=id_in_cursor(query.cursor, is_name))
        return json(PromotionPageView([*map(_promotion_view, page.items)], cursor_behind(page.next_id)))

    async def show_promotion(self, request: Request) -> Response:
        """Answer with a promotion."""
        name = request.path_params["promotion_id"]
        found = await self.promotions.find(name) if is_name(name) else None
        if found is None:
            raise Problem(404, "There is no such promotion", kind="promotion-not-found", detail=f"id {name[:100]}")
        return _shown(_promotion_view(found), found.version)

    async def put_promotion(self, request: Request) -> Response:
        """Set a promotion, if nobody did meanwhile."""
        name = request.path_params["promotion_id"]
        if not is_name(name):
            raise _no_name("promotionId", "lower-case letters, digits and hyphens, at most 64")
        seen = seen_version(request)
        wanted = (await read_body(request, PromotionBody)).promotion(name, version=seen)
        try:
            saved = await self.promotions.save(wanted)
        except Stale as stale:
            saved = await self._promotion_as_wanted(wanted, stale)
        return _shown(_promotion_view(saved), saved.version)

    async def list_coupons(self, request: Request) -> Response:
        """Answer with a page of coupons."""
        query = read_query(request, PageQuery)
        page = await self.coupons.page(limit=query.limit, behind=id_in_cursor(query.cursor, _is_code))
        return json(CouponPageView([*map(_coupon_view, page.items)], cursor_behind(page.next_id)))

    async def show_coupon(self, request: Request) -> Response:
        """Answer with a coupon."""
        found = await self._coupon(request.path_params["code"])
        if found is None:
            raise Problem(
                404, "There is no such coupon", kind="coupon-not-found", detail=f"code {request.path_params['code'][:100]}"
            )
        return _shown(_coupon_view(found), found.version)

    async def put_coupon(self, request: Request) -> Response:
        """Set a coupon, if nobody did meanwhile; its uses stay counted."""
        code = coupon_code(request.path_params["code"])
        if code is None:
            raise _no_name("code", "letters, digits and hyphens, at most 32")
        seen = seen_version(request)
        body = await read_body(request, CouponBody)
        if await self.promotions.find(body.promotion_id) is None:
            raise refusals.no_such_promotion(body.promotion_id)
        try:
            version = (await self.coupons.save(body.coupon(code, version=seen))).version
        except Stale as stale:
            version = await self._version_as_wanted(code, body, stale)
        saved = await self._coupon(code) or body.coupon(code, version=version)
        return _shown(_coupon_view(saved), saved.version)

    async def _coupon(self, code: str) -> Coupon | None:
        capitals = coupon_code(code)
        return (await self.coupons.find([capitals])).get(capitals) if capitals else None

    async def _promotion_as_wanted(self, wanted: Promotion, stale: Stale) -> Promotion:
        """Return the promotion that somebody set meanwhile, where it is as it is wanted. Raises Problem 412."""
        found = await self.promotions.find(wanted.id)
        if found is None or replace(found, version=wanted.version) != wanted:
            raise changed_meanwhile(found.version if found else None) from stale
        return found

    async def _version_as_wanted(self, code: str, body: CouponBody, stale: Stale) -> int:
        found = await self._coupon(code)
        if found is None or found != body.coupon(code, version=found.version, used=found.used):
            raise changed_meanwhile(found.version if found else None) from stale
        return found.version


def _promotion_view(promotion: Promotion) -> PromotionView:
    return PromotionView(**msgspec.structs.asdict(PromotionBody.of(promotion)), id=promotion.id, version=promotion.version)


def _coupon_view(coupon: Coupon) -> CouponView:
    body = msgspec.structs.asdict(CouponBody.of(coupon))
    return CouponView(**body, code=coupon.id, used=coupon.used, version=coupon.version)


def _shown(view: object, version: int) -> Response:
    return json(view, headers={"etag": etag_of(version)})


def _is_code(text: str) -> bool:
    return coupon_code(text) == text


def _no_name(field: str, rule: str) -> Problem:
    return Problem(422, "This is no name here", kind="invalid-name", errors=[FieldFault(field, rule)])
