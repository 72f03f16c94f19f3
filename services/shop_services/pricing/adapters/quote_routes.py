"""Quotes over HTTP, and what goes into them: prices as of now, and ways to ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from shop_contracts import tokens
from shop_kit.errors import FieldFault
from shop_kit.http import Anybody, GuardedRoute, Problem, Scope, caller, json, read_body, read_query
from shop_kit.http.idempotency import once
from shop_kit.http.values import MoneyView
from shop_kit.idempotency import Answer
from shop_kit.identifiers import is_identifier
from shop_kit.shared_kernel import InvalidSku, parse_sku
from starlette.requests import Request
from starlette.responses import Response

from shop_services.pricing.adapters.bodies import PricesQuery, QuoteBody, ShippingQuery
from shop_services.pricing.adapters.documents import quote_document
from shop_services.pricing.adapters.quote_answers import QuoteAnswers
from shop_services.pricing.application import refusals
from shop_services.pricing.application.ports import Clock, PriceRepository, QuoteRepository, SignedQuote
from shop_services.pricing.application.quoting import Quoting, prices_now
from shop_services.pricing.domain import shipping
from shop_services.pricing.domain.tax import CountryNotServed, rate

QUOTE = "quotes:create"
"""Who may have quotes made reads their own again."""
MOST_SKUS = 100


class PriceNowView(msgspec.Struct, rename="camel"):
    """What an article costs now. `tax_rate` is in basis points, None where no country was named."""

    sku: str
    price_list_id: str
    amount: MoneyView
    tax_included: bool
    tax_rate: int | None


class PricesNowView(msgspec.Struct):
    """What articles cost now."""

    items: list[PriceNowView]


class MethodView(msgspec.Struct, rename="camel"):
    """A way to ship, with the price of goods from which on it costs nothing (None: it always costs)."""

    id: str
    price: MoneyView
    free_from: MoneyView | None


class MethodsView(msgspec.Struct):
    """The ways to ship."""

    items: list[MethodView]


@dataclass(frozen=True)
class QuoteRoutes:
    """The routes of those who want to buy."""

    quoting: Quoting
    prices: PriceRepository
    quotes: QuoteAnswers
    clock: Clock
    jwks: Mapping[str, Any]

    def routes(self) -> list[GuardedRoute]:
        """Return all paths and what serves them."""
        return [
            GuardedRoute("/v1/quotes", self.create_quote, methods=["POST"], access=Scope(QUOTE)),
            GuardedRoute("/v1/quotes/{quote_id}", self.show_quote, access=Scope(QUOTE)),
            GuardedRoute("/v1/prices", self.show_prices, access=Anybody("what the shop sells for is public")),
            GuardedRoute("/v1/shipping-methods", self.show_methods, access=Anybody("what shipping costs is public")),
            GuardedRoute("/.well-known/jwks.json", self.show_keys, access=Anybody("public keys are public")),
        ]

    async def create_quote(self, request: Request) -> Response:
        """Price a cart for the caller."""
        wanted = (await read_body(request, QuoteBody)).request(_customer(request))

        async def work(quotes: QuoteRepository) -> SignedQuote:
            return await self.quoting.quote(wanted, quotes=quotes)

        return await once(request, lambda claim: self.quotes.answer(claim, work, _created))

    async def show_quote(self, request: Request) -> Response:
        """Answer with a quote of the caller's, or one that anybody may use."""
        quote_id = request.path_params["quote_id"]
        found = await self.quotes.find(quote_id) if is_identifier("qte", quote_id) else None
        if found is None or found.customer_id not in (None, caller(request).subject):
            raise Problem(404, "There is no such quote", kind="quote-not-found", detail=f"id {quote_id[:100]}")
        return Response(found.document, media_type="application/json")

    async def show_prices(self, request: Request) -> Response:
        """Answer with what those of the articles cost now that have a price."""
        query = read_query(request, PricesQuery)
        skus = _skus(query.sku)
        rates = _country(query.country)
        found = await prices_now(
            skus, currency=query.currency, customer_group=query.customer_group, prices=self.prices, clock=self.clock
        )
        items = [
            PriceNowView(
                sku,
                one.price.price_list.id,
                MoneyView.of(one.price.amount),
                one.price.price_list.tax_included,
                rate(rates, one.tax_class, at=self.clock.now()) if rates else None,
            )
            for sku in skus
            if (one := found.get(sku))
        ]
        return json(PricesNowView(items))

    async def show_methods(self, request: Request) -> Response:
        """Answer with the ways to ship to a country."""
        query = read_query(request, ShippingQuery)
        try:
            offered = shipping.methods(query.country, query.currency)
        except CountryNotServed as error:
            raise refusals.country_not_served(query.country) from error
        views = [
            MethodView(one.id, MoneyView.of(one.price), MoneyView.of(one.free_from) if one.free_from else None) for one in offered
        ]
        return json(MethodsView(views))

    async def show_keys(self, request: Request) -> Response:
        """Answer with the public key that verifies quotes."""
        del request
        return json(self.jwks, headers={"cache-control": "public, max-age=300"})


def _created(signed: SignedQuote) -> Answer:
    return Answer(201, quote_document(signed), {"location": f"/v1/quotes/{signed.quote.id}"})


def _customer(request: Request) -> str | None:
    """Return whose quote it is going to be, None when it is anybody's."""
    subject = caller(request).subject
    return None if subject == tokens.ANYBODY else subject


def _skus(text: str) -> list[str]:
    skus = [*dict.fromkeys(text.split(","))]
    try:
        parsed = [str(parse_sku(sku)) for sku in skus]
    except InvalidSku as error:
        raise _bad_query(FieldFault("sku", str(error))) from error
    if len(parsed) > MOST_SKUS:
        raise _bad_query(FieldFault("sku", f"at most {MOST_SKUS} at once"))
    return parsed


def _country(country: str | None) -> str | None:
    try:
        shipping.methods(country, "EUR") if country else None
    except CountryNotServed as error:
        raise refusals.country_not_served(country or "") from error
    return country


def _bad_query(fault: FieldFault) -> Problem:
    return Problem(400, "The query is not valid", kind="invalid-query", errors=[fault])
