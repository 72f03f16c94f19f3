"""Price lists and prices over HTTP, for those who set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
from shop_kit.errors import FieldFault
from shop_kit.http import GuardedRoute, Problem, Scope, json, read_body, read_query
from shop_kit.http.cursors import PageQuery, cursor_behind, id_in_cursor
from shop_kit.http.etags import changed_meanwhile, etag_of, seen_version
from shop_kit.http.idempotency import once
from shop_kit.http.values import MoneyView, sku_in_path
from shop_kit.idempotency import Answer, IdempotencyKeys
from shop_kit.shared_kernel import InvalidSku, parse_sku
from starlette.requests import Request
from starlette.responses import Response

from shop_services.pricing.adapters.bodies import PriceImportBody, PriceListBody, PricesBody, is_name, moment
from shop_services.pricing.application.listing import StalePrices, WantedPrices, set_prices
from shop_services.pricing.application.ports import PriceListRepository, PriceRepository
from shop_services.pricing.domain.prices import ArticlePrices, PriceList
from shop_services.pricing.domain.tax import TaxClass

READ, WRITE = "pricing:read", "pricing:write"


class PriceListView(msgspec.Struct, rename="camel", omit_defaults=True):
    """A price list. Without `valid_from` and `valid_until` it holds on that side for ever."""

    id: str
    currency: str
    customer_group: str
    tax_included: bool
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class PriceListPageView(msgspec.Struct, rename="camel"):
    """Some price lists and where to go on."""

    items: list[PriceListView]
    next_cursor: str | None


class PriceView(msgspec.Struct, rename="camel"):
    """What one piece costs by a list."""

    price_list_id: str
    amount: MoneyView


class ArticlePricesView(msgspec.Struct, rename="camel"):
    """All prices of an article."""

    sku: str
    tax_class: TaxClass
    prices: list[PriceView]
    version: int


class RefusedPricesView(msgspec.Struct):
    """An article that stays as it was: somebody set it to this version meanwhile."""

    sku: str
    reason: str
    version: int


class PriceImportView(msgspec.Struct):
    """How many articles are as the import wants them, and which are not."""

    imported: int
    refused: list[RefusedPricesView]


@dataclass(frozen=True)
class PriceRoutes:
    """The routes of those who set prices."""

    lists: PriceListRepository
    prices: PriceRepository
    keys: IdempotencyKeys

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/price-lists", self.list_lists, access=Scope(READ)),
            GuardedRoute("/v1/price-lists/{price_list_id}", self.show_list, access=Scope(READ)),
            GuardedRoute("/v1/price-lists/{price_list_id}", self.add_list, methods=["PUT"], access=Scope(WRITE)),
            GuardedRoute("/v1/prices/{sku}", self.show, access=Scope(READ)),
            GuardedRoute("/v1/prices/{sku}", self.put, methods=["PUT"], access=Scope(WRITE)),
            GuardedRoute("/v1/prices/{sku}", self.remove, methods=["DELETE"], access=Scope(WRITE)),
            GuardedRoute("/v1/price-imports", self.import_prices, methods=["POST"], access=Scope(WRITE)),
        ]

    async def list_lists(self, request: Request) -> Response:
        """Answer with a page of price lists."""
        query = read_query(request, PageQuery)
        page = await self.lists.page(limit=query.limit, behind=id_in_cursor(query.cursor, is_name))
        return json(PriceListPageView([_list_view(one) for one in page.items], cursor_behind(page.next_id)))

    async def show_list(self, request: Request) -> Response:
        """Answer with a price list."""
        name = request.path_params["price_list_id"]
        found = (await self.lists.find([name])).get(name) if is_name(name) else None
        if found is None:
            raise Problem(404, "There is no such price list", kind="price-list-not-found", detail=f"id {name[:100]}")
        return json(_list_view(found))

    async def add_list(self, request: Request) -> Response:
        """Add a price list. One that is there stays as it is: to be added again it must be the same."""
        name = request.path_params["price_list_id"]
        if not is_name(name):
            fault = FieldFault("priceListId", "lower-case letters, digits and hyphens, at most 64")
            raise Problem(422, "This is no name of a price list", kind="invalid-name", errors=[fault])
        wanted = (await read_body(request, PriceListBody)).price_list(name)
        stored = await self.lists.add(wanted)
        if stored != wanted:
            detail = f"{name} is there with other terms. Prices stand on them, so they stay: make another list."
            raise Problem(409, "A price list is never changed", kind="price-list-fixed", detail=detail)
        return json(_list_view(stored))

    async def show(self, request: Request) -> Response:
        """Answer with all prices of an article."""
        return _shown(await self._article(request.path_params["sku"]))

    async def put(self, request: Request) -> Response:
        """Give an article its prices, if nobody did meanwhile."""
        sku = sku_in_path(request)
        seen = seen_version(request)
        body = await read_body(request, PricesBody)
        return _shown(await self._set(body.wanted(sku, seen_version=seen)))

    async def remove(self, request: Request) -> Response:
        """Take all prices of an article away, if nobody changed them meanwhile: nobody can buy it then."""
        article = await self._article(request.path_params["sku"])
        await self._set(WantedPrices(article.id, article.tax_class, (), seen_version(request)))
        return Response(status_code=204)

    async def import_prices(self, request: Request) -> Response:
        """Give up to 100 articles their prices, once for each idempotency key."""
        body = await read_body(request, PriceImportBody)
        return await once(request, lambda claim: self.keys.once(claim, partial(self._import, body)))

    async def _import(self, body: PriceImportBody) -> Answer:
        # Each article is set under the version it was seen at: whoever repeats this after a crash finds it set, and sets nothing.
        wanted = [item.wanted(item.sku, seen_version=item.version) for item in body.items]
        outcomes = await set_prices(wanted, lists=self.lists, prices=self.prices)
        refused = [RefusedPricesView(one.sku, "stale-version", one.version) for one in outcomes if isinstance(one, StalePrices)]
        return Answer(200, msgspec.json.encode(PriceImportView(len(outcomes) - len(refused), refused)))

    async def _set(self, wanted: WantedPrices) -> ArticlePrices:
        (outcome,) = await set_prices([wanted], lists=self.lists, prices=self.prices)
        if isinstance(outcome, StalePrices):
            raise changed_meanwhile(outcome.version)
        return outcome

    async def _article(self, sku: str) -> ArticlePrices:
        try:
            found = (await self.prices.find([parse_sku(sku)])).get(sku)
        except InvalidSku:
            found = None
        if found is None or not found.prices:
            raise Problem(404, "The article has no price", kind="prices-not-found", detail=f"SKU {sku[:100]}")
        return found


def _shown(article: ArticlePrices) -> Response:
    prices = [PriceView(one.price_list.id, MoneyView.of(one.amount)) for one in article.prices]
    view = ArticlePricesView(article.id, article.tax_class, prices, article.revision.version)
    return json(view, headers={"etag": etag_of(article.revision.version)})


def _list_view(price_list: PriceList) -> PriceListView:
    return PriceListView(
        price_list.id,
        price_list.currency,
        price_list.customer_group,
        price_list.tax_included,
        moment(price_list.validity.begins),
        moment(price_list.validity.ends),
    )
