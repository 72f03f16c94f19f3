"""`shop-dev trace`, seen from the terminal."""

from __future__ import annotations

import pytest
from fakes.command_line import ShopDev
from shop_sandbox.telemetry.read import SpanNode, Trace


def span(name: str, at: float, seconds: float, *children: SpanNode, service: str = "orders", error: str | None = None) -> SpanNode:
    return SpanNode(
        span_id=name,
        parent_id=None,
        service=service,
        name=name,
        kind="internal",
        started_at=at,
        seconds=seconds,
        status="error" if error is not None else "ok",
        status_message=error or "",
        attributes={},
        events=(),
        children=list(children),
    )


TRACE = Trace(
    "4bf92f3577b34da6a3ce929d0e0e4736",
    (
        span(
            "POST /v1/orders",
            100.0,
            0.02,
            span("receive", 100.030, 0.1, span("commit", 100.1, 0.001, error="conflict")),
            span("place", 100.001, 0.015, span("INSERT", 100.002, 0.003)),
            service="edge",
        ),
    ),
    ("aaaa",),
)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop_sandbox.telemetry.read.span_tree", lambda database, key: TRACE)


def test_each_span_stands_below_the_one_that_caused_it(shop_dev: ShopDev, recorded: None) -> None:
    said = shop_dev("trace", "ord_1")

    assert said.status == 0
    assert said.out.split("\n", 1)[0].endswith("and took 0.130 s: 5 spans in 2 services, 1 with an error.")
    assert said.out.splitlines()[2:] == [
        "                             began         took",
        "edge: POST /v1/orders       0.0 ms      20.0 ms",
        "├─ orders: place            1.0 ms      15.0 ms",
        "│  └─ orders: INSERT        2.0 ms       3.0 ms",
        "└─ orders: receive         30.0 ms     100.0 ms",
        "   └─ orders: commit      100.0 ms       1.0 ms  error: conflict",
        "",
        "Also in trace aaaa.",
    ]


def test_scripts_get_the_same_tree(shop_dev: ShopDev, recorded: None) -> None:
    data = shop_dev("trace", "ord_1", "--json").document()["data"]

    assert data["traceId"] == TRACE.trace_id
    assert [child["name"] for child in data["roots"][0]["children"]] == ["place", "receive"]


def test_a_trace_that_is_not_there_is_exit_status_1(shop_dev: ShopDev) -> None:
    said = shop_dev("trace", "ord_none", "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "trace_not_found")


def test_an_empty_id_is_wrong_use(shop_dev: ShopDev) -> None:
    said = shop_dev("trace", "")

    assert said.status == 2
    assert "is needed, and this is empty. [usage_invalid]" in said.err
