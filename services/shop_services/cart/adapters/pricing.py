"""Prices over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shop_contracts.proto.pricing.v1 import prices_pb2
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.grpc.client import GrpcClient
from shop_kit.shared_kernel import Money, Sku

from shop_services.cart.application.ports import Price

SERVICE = messages.DESCRIPTOR.services_by_name["PricingService"]


@dataclass(frozen=True)
class GrpcPrices:
    """Implements Prices: what pricing says now, never what was said before."""

    pricing: GrpcClient

    async def now(self, skus: Sequence[Sku], *, currency: str, country: str | None) -> Mapping[str, Price]:
        """Return what those of up to 100 articles cost that have a price."""
        if not skus:
            return {}
        request = messages.GetPricesRequest(skus=skus, currency_code=currency, country=country or "")
        answer = await self.pricing.call(request, messages.GetPricesResponse)
        return {one.sku: _price(one.price) for one in answer.prices}


def _price(price: prices_pb2.Price) -> Price:
    return Price(Money(price.amount.currency_code, price.amount.minor_units), price.tax_included)
