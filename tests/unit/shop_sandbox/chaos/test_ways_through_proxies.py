"""A sandbox for chaos has a proxy between each service and what it calls; any other has none."""

from __future__ import annotations

from shop_sandbox.endpoints import Address, Endpoints
from shop_sandbox.resources.model import HttpHealth, Resource, ResourceKind
from shop_sandbox.resources.proxied import proxied

STORE = Resource("kafka", ResourceKind.KAFKA, ports=("kafka", "kafka.controller"))
TOPICS = Resource("provision-topics", ResourceKind.PROVISION, needs=("kafka",))
ORDERS = Resource(
    "orders",
    ResourceKind.SERVICE,
    needs=("provision-topics",),
    uses=("telemetry", "payments"),
    ports=("orders",),
    health=HttpHealth("", ""),
)
PAYMENTS = Resource("payments", ResourceKind.SERVICE, ports=("payments", "payments.grpc"))
RESOURCES = {one.name: one for one in (STORE, TOPICS, ORDERS, PAYMENTS)}


def test_each_way_has_a_port_and_services_wait_for_the_proxies() -> None:
    found = proxied(RESOURCES)

    assert found["chaos"].ports == (
        "chaos",
        "chaos.orders->kafka",
        "chaos.orders->payments",
        "chaos.orders->payments.grpc",
    )
    assert found["orders"].needs == ("provision-topics", "chaos")
    assert found["provision-topics"].needs == ("kafka",)


def test_a_caller_is_told_its_own_way_and_everybody_else_the_real_one() -> None:
    endpoints = Endpoints({"kafka": 1, "payments": 2, "chaos": 3, "chaos.orders->kafka": 4})

    assert endpoints.called_by("orders").at("kafka") == Address("127.0.0.1", 4)
    assert endpoints.called_by("orders").at("payments") == Address("127.0.0.1", 2)
    assert endpoints.called_by("payments").at("kafka") == Address("127.0.0.1", 1)
    assert endpoints.at("kafka") == Address("127.0.0.1", 1)
