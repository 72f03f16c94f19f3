"""What other services ask over gRPC: quotes, and prices of many articles at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_contracts.proto.pricing.v1.pricing_service_pb2_grpc import (
    PricingServiceServicer,
    add_PricingServiceServicer_to_server,
)
from shop_kit.auth import NotAllowed
from shop_kit.errors import FieldFault, Invalid, Refused
from shop_kit.grpc import Anybody, GrpcService, Scope
from shop_kit.grpc.access import caller
from shop_kit.grpc.idempotency import once
from shop_kit.http.bodies import faults
from shop_kit.idempotency import Answer
from shop_kit.shared_kernel import InvalidSku, parse_sku

from shop_services.pricing.adapters.bodies import QuoteBody
from shop_services.pricing.adapters.documents import cart_view
from shop_services.pricing.adapters.events import price_message
from shop_services.pricing.adapters.quote_answers import QuoteAnswers
from shop_services.pricing.adapters.quote_routes import MOST_SKUS, QUOTE
from shop_services.pricing.application import refusals
from shop_services.pricing.application.ports import Clock, PriceRepository, QuoteRepository, SignedQuote
from shop_services.pricing.application.quoting import Quoting, prices_now
from shop_services.pricing.domain.tax import CountryNotServed, rate


@dataclass(frozen=True)
class PricingRpc(PricingServiceServicer):
    """Implements `shop.pricing.v1.PricingService`."""

    quoting: Quoting
    quotes: QuoteAnswers
    prices: PriceRepository
    clock: Clock

    def service(self) -> GrpcService:
        """Return what is served, with who may call it."""
        return GrpcService(
            "shop.pricing.v1.PricingService",
            partial(add_PricingServiceServicer_to_server, self),
            {"CreateQuote": Scope(QUOTE), "GetPrices": Anybody("what the shop sells for is public")},
        )

    async def CreateQuote(  # noqa: N802 - the contract's name
        self, request: messages.CreateQuoteRequest, context: object
    ) -> messages.CreateQuoteResponse:
        """Price a cart for the caller, or for anybody. Raises Refused, and NotAllowed for somebody else."""
        del context
        if request.customer_id and request.customer_id != caller().subject:
            raise NotAllowed(f"{QUOTE} of {request.customer_id}")
        wanted = _body(request).request(request.customer_id or None)

        async def work(quotes: QuoteRepository) -> SignedQuote:
            return await self.quoting.quote(wanted, quotes=quotes)

        if not request.request_id:
            return messages.CreateQuoteResponse(quote=_quote(await work(self.quotes)))
        said, is_repeated = await once(request, lambda claim: self.quotes.answer(claim, work, _created))
        answer = messages.CreateQuoteResponse.FromString(said)
        answer.is_repeated = is_repeated
        return answer

    async def GetPrices(  # noqa: N802 - the contract's name
        self, request: messages.GetPricesRequest, context: object
    ) -> messages.GetPricesResponse:
        """Answer with what those of the articles cost now that have a price. Raises Invalid."""
        del context
        skus = _skus(request.skus)
        found = await prices_now(
            skus, currency=request.currency_code, customer_group=request.customer_group, prices=self.prices, clock=self.clock
        )
        answer = messages.GetPricesResponse()
        try:
            for sku in skus:
                if one := found.get(sku):
                    tax = rate(request.country, one.tax_class, at=self.clock.now()) if request.country else 0
                    answer.prices.add(sku=sku, price=price_message(one.price), tax_rate_basis_points=tax)
        except CountryNotServed as error:
            raise refusals.country_not_served(request.country) from error
        return answer


def _body(request: messages.CreateQuoteRequest) -> QuoteBody:
    """Return the same as over HTTP, held to the same rules. Raises Refused with every fault."""
    given = {
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in request.lines],
        "currency": request.currency_code,
        "country": request.country,
        "shippingMethod": request.shipping_method or "standard",
        "customerGroup": request.customer_group,
        "couponCodes": [*request.coupon_codes],
    }
    if wrong := faults(given, QuoteBody):
        raise Refused("The body is not valid", kind="invalid-body", faults=wrong)
    return msgspec.convert(given, QuoteBody)


def _skus(given: Sequence[str]) -> Sequence[str]:
    if not 1 <= len(given) <= MOST_SKUS or len(set(given)) < len(given):
        raise Invalid(f"ask for 1 to {MOST_SKUS} different articles, not for {len(given)}")
    try:
        return [parse_sku(sku) for sku in given]
    except InvalidSku as error:
        raise Refused("This is not a SKU", kind="invalid-sku", faults=[FieldFault("$.skus", str(error))]) from error


def _created(signed: SignedQuote) -> Answer:
    return Answer(0, messages.CreateQuoteResponse(quote=_quote(signed)).SerializeToString())


def _quote(signed: SignedQuote) -> messages.Quote:
    quote = signed.quote
    cart = cart_view(quote.cart)
    shipping = cart.shipping
    message = messages.Quote(
        quote_id=quote.id,
        token=signed.token,
        customer_id=quote.customer_id or "",
        currency_code=cart.currency,
        country=cart.country,
        tax_included=cart.tax_included,
        lines=[messages.QuoteLine(**msgspec.structs.asdict(line)) for line in cart.lines],
        shipping=messages.QuoteShipping(**msgspec.structs.asdict(shipping)),
        coupon_codes=cart.coupons,
        promotions=[
            messages.AppliedPromotion(promotion_id=one.id, amount=one.amount, coupon_code=one.coupon_code or "")
            for one in cart.promotions
        ],
        subtotal=cart.subtotal,
        discount=cart.discount,
        tax=cart.tax,
        total=cart.total,
    )
    message.issued_at.FromSeconds(int(quote.issued_at))
    message.expires_at.FromSeconds(int(quote.expires_at))
    return message
