"""Where things are depends on who asks."""

from __future__ import annotations

from shop_sandbox.endpoints import Address, Endpoints, Viewer

ENDPOINTS = Endpoints({"kafka": 20001, "kafka.container": 20002, "aws": 20003, "orders": 20004, "orders.grpc": 20005})


def test_processes_of_this_machine_and_functions_use_loopback() -> None:
    assert ENDPOINTS.url("orders") == "http://127.0.0.1:20004"
    assert ENDPOINTS.seen_by(Viewer.FUNCTION).address("orders.grpc") == "127.0.0.1:20005"


def test_a_container_reaches_this_machine_by_name_and_kafka_at_its_own_listener() -> None:
    seen = ENDPOINTS.seen_by(Viewer.CONTAINER)

    assert seen.url("aws") == "http://host.docker.internal:20003"
    assert seen.at("kafka") == Address("host.docker.internal", 20002)
    assert ENDPOINTS.at("kafka") == Address("127.0.0.1", 20001)


def test_an_engine_may_place_an_endpoint_elsewhere() -> None:
    placed = Endpoints(ENDPOINTS.ports, elsewhere={(Viewer.CONTAINER, "kafka"): Address("kafka", 19092)})

    assert placed.seen_by(Viewer.CONTAINER).address("kafka") == "kafka:19092"
    assert placed.address("kafka") == "127.0.0.1:20001"
