"""Every route of every service behind the edge says who may use it, and says the same as its contract.

The edge reads its contract when it starts: `edge/test_who_gets_in.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import shop_contracts
import yaml
from opentelemetry import trace
from shop_kit.auth import StaticKeys, TokenVerifier
from shop_kit.http import Anybody, AnybodyOrCaller, GuardedRoute, Scope
from shop_kit.http.app import create_app
from shop_kit.metrics import Metrics
from shop_services.cart.adapters.rest import CartApi
from shop_services.catalog.adapters.category_rest import CategoriesApi
from shop_services.catalog.adapters.rest import ProductsApi
from shop_services.identity.adapters.rest import IdentityApi
from shop_services.inventory.adapters.rest import InventoryApi
from shop_services.orders.adapters.rest import OrdersApi
from shop_services.payments.adapters.rest import PaymentsApi
from shop_services.pricing.adapters.rest import PricingApi
from shop_services.search.adapters.rest import SearchApi

DOCUMENTS = Path(shop_contracts.__file__).parent / "openapi"
APIS = {
    "cart": [CartApi],
    "catalog": [ProductsApi, CategoriesApi],
    "identity": [IdentityApi],
    "inventory": [InventoryApi],
    "orders": [OrdersApi],
    "payments": [PaymentsApi],
    "pricing": [PricingApi],
    "search": [SearchApi],
}
OWN = {"/health", "/ready", "/metrics"}


class Nothing:
    """Stands in for whatever a service needs: a handler that were reached would fail on it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    async def __call__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a handler was reached")


def routes_of(service: str) -> list[GuardedRoute]:
    apis = cast("list[Any]", APIS[service])
    return [route for api in apis for route in api(**{one.name: Nothing() for one in fields(api)}).routes()]


def operations() -> Iterator[tuple[str, str, str, list[dict[str, list[str]]]]]:
    """Yield service, method, path and security of everything that the contracts offer."""
    for service in APIS:
        document = yaml.safe_load((DOCUMENTS / f"{service}.yaml").read_text(encoding="utf-8"))
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if path not in OWN and method in {"get", "put", "post", "patch", "delete"}:
                    yield service, method.upper(), path, operation["security"]


def route_for(service: str, method: str, path: str) -> GuardedRoute:
    shape = path.count("/"), path.partition("{")[0], path.rpartition("}")[2]
    (found,) = (
        route
        for route in routes_of(service)
        if (route.path.count("/"), route.path.partition("{")[0], route.path.rpartition("}")[2]) == shape
        and method in (route.methods or ())
    )
    return found


@pytest.mark.parametrize("service, method, path, security", [*operations()])
def test_a_route_lets_in_whom_its_contract_names(
    service: str, method: str, path: str, security: list[dict[str, list[str]]]
) -> None:
    access = route_for(service, method, path).access

    match access:
        case Scope(name):
            assert security == [{"token": [name]}]
        case AnybodyOrCaller():
            assert security == [{}, {"token": []}]
        case Anybody():
            assert security in ([{}], [{"providerSignature": []}])
        case _:
            pytest.fail(f"{access} is a way in that no contract knows")


@pytest.mark.parametrize("service", APIS)
def test_a_service_has_no_route_that_its_contract_does_not_offer(service: str) -> None:
    offered = {(method, route_for(service, method, path).path) for one, method, path, _ in operations() if one == service}

    assert {(method, route.path) for route in routes_of(service) for method in route.methods or () if method != "HEAD"} == offered


@pytest.mark.anyio
@pytest.mark.parametrize("service", APIS)
async def test_without_a_token_no_guarded_handler_is_reached(service: str) -> None:
    callers = TokenVerifier(StaticKeys(), issuer="shop-edge", audience="shop-internal")
    app = create_app(routes_of(service), readiness={}, tracer=trace.get_tracer("test"), metrics=Metrics(), tokens=callers)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")

    for route in routes_of(service):
        if isinstance(route.access, Scope):
            for method in route.methods or ():
                answer = await http.request(method, route.path.replace("{", "").replace("}", ""))
                assert answer.status_code == 401, (method, route.path)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
