"""`shop-dev trace`, seen from the terminal."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_sandbox.telemetry.read import SpanNode, Trace
from shop_sandbox.telemetry.store import KeyRow, SpanRow, SpanStore


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
    monkeypatch.setattr("shop_sandbox.telemetry.read.span_tree", lambda database, key, keys: TRACE)


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
        "   └─ orders: commit      100.0 ms       1.0 ms  ✗ error: conflict",
        "",
        "Also in trace aaaa.",
        "edge: POST /v1/orders: ",
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


class Recorder:
    """Records orders as the services do: a request that begins, a step that goes wrong, a step that ends it."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._now_ns = time.time_ns()
        self._traces: list[str] = []

    def request(self, trace: str, *, order: str, status: int = 202, ago: float = 60.0) -> None:
        attributes = {"http.response.status_code": status, "shop.order_id": order}
        self._add(
            SpanRow(trace, f"{trace}-1", None, "edge", "POST /v1/orders", "server", *self._took(trace, ago), *told(attributes)),
            order,
        )

    def step(self, trace: str, name: str, *, order: str, ago: float = 59.0, error: str = "", **marks: str) -> None:
        attributes: dict[str, object] = {"shop.order_id": order, **{f"shop.{mark}": value for mark, value in marks.items()}}
        told_of = told(attributes, error=error)
        self._add(
            SpanRow(trace, f"{trace}-{name}", f"{trace}-1", "orders", name, "consumer", *self._took(trace, ago), *told_of), order
        )

    def _took(self, trace: str, ago: float) -> tuple[int, int]:
        """Two milliseconds, so many seconds ago; each trace a second after the one before it."""
        if trace not in self._traces:
            self._traces.append(trace)
        began = self._now_ns + self._traces.index(trace) * 1_000_000_000 - int(ago * 1e9)
        return began, began + 2_000_000

    def _add(self, row: SpanRow, order: str) -> None:
        self._store.add([row], [KeyRow(order, row.trace_id)])


def told(attributes: dict[str, object], *, error: str = "") -> tuple[str, str, str, str]:
    return "error" if error else "unset", error, json.dumps(attributes), "[]"


@pytest.fixture
def store(checkout: Path) -> Iterator[SpanStore]:
    with (checkout / "pyproject.toml").open("a") as settings:
        settings.write('keys = ["order_id"]\n')
    store = SpanStore(checkout / ".shop-dev" / "default" / "telemetry.sqlite")
    yield store
    store.close()


@pytest.fixture
def recorder(store: SpanStore) -> Recorder:
    return Recorder(store)


def test_the_end_says_what_became_of_it_and_the_step_that_set_off_the_way_back_is_marked(
    shop_dev: ShopDev, recorder: Recorder
) -> None:
    recorder.request("a1", order="ord_1")
    recorder.step("a1", "PaymentDeclined process", order="ord_1", stage="compensating", ago=58.0)
    recorder.step("a1", "StockReleased process", order="ord_1", stage="rejected", outcome="rejected: payment-declined", ago=57.0)

    said = shop_dev("trace", "ord_1")
    data = shop_dev("trace", "ord_1", "--json").document()["data"]

    assert said.out.splitlines()[-1] == "ord_1: rejected: payment-declined"
    marked = {line.split("process")[0].strip("├└─ "): line.rpartition(" ms")[2].strip() for line in said.out.splitlines()[4:6]}
    assert marked == {
        "orders: PaymentDeclined": "↩ compensating: what was done is undone from here",
        "orders: StockReleased": "■ rejected: payment-declined",
    }
    assert (data["subject"], data["outcome"]) == ("ord_1", "rejected: payment-declined")


def test_without_an_id_the_last_orders_are_listed_with_their_outcome_newest_first(shop_dev: ShopDev, recorder: Recorder) -> None:
    recorder.request("a1", order="ord_done")
    recorder.step("a1", "PaymentCaptured process", order="ord_done", stage="completed", outcome="completed")
    recorder.request("b2", order="ord_stuck")
    recorder.step("b2", "StockReserved process", order="ord_stuck", stage="authorising")
    recorder.request("c3", order="ord_broken")
    recorder.step("c3", "StockReserved process", order="ord_broken", error="KeyError: 'revision'")
    recorder.request("d4", order="ord_asked", status=422)

    lines = shop_dev("trace").out.splitlines()
    data = shop_dev("trace", "--last", "1", "--json").document()["data"]["traces"]

    assert [" ".join(line.split()[3:]) for line in lines[1:]] == [
        "/v1/orders ord_asked 2 ms 1 answered 422",
        "/v1/orders ord_broken 1002 ms 2 failed in orders: KeyError: 'revision'",
        "/v1/orders ord_stuck 1002 ms 2 not ended yet; authorising since orders did StockReserved process",
        "/v1/orders ord_done 1002 ms 2 completed",
    ]
    assert [(one["subject"], one["traceId"], one["outcome"]) for one in data] == [("ord_asked", "d4", None)]


def test_nothing_traced_yet_is_said_and_no_failure(shop_dev: ShopDev) -> None:
    said = shop_dev("trace")

    assert (said.status, said.out) == (0, "Nothing has been traced yet.\n")


def test_spans_that_are_on_their_way_are_waited_for(shop_dev: ShopDev, recorder: Recorder) -> None:
    recorder.request("e5", order="another", ago=0.0)
    late = threading.Timer(0.3, lambda: recorder.request("a1", order="ord_new", ago=30.0))
    late.start()

    said = shop_dev("trace", "ord_new")
    late.join()

    assert said.status == 0
    assert said.out.splitlines()[-1] == "ord_new: answered 202"
