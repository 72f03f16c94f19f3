"""Orders in the start graph: the critical path there, the stop order back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_sandbox.events import CriticalStep
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.supervisor.graph import Timing, critical_path, dependents, stops_after


def resource(name: str, *needs: str, uses: tuple[str, ...] = ()) -> Resource:
    return Resource(name, ResourceKind.SERVICE, needs=needs, uses=uses)


def graph(*resources: Resource) -> dict[str, Resource]:
    return {one.name: one for one in resources}


def test_the_critical_path_is_the_chain_that_was_ready_last() -> None:
    resources = graph(resource("kafka"), resource("redis"), resource("topics", "kafka"), resource("orders", "topics", "redis"))
    timings = {
        "kafka": Timing(unblocked=0.0, ready=1.0),
        "redis": Timing(unblocked=0.0, ready=0.25),
        "topics": Timing(unblocked=1.0, ready=1.5),
        "orders": Timing(unblocked=1.5, ready=2.0),
    }

    assert critical_path(resources, timings) == (
        CriticalStep("kafka", None, 1.0),
        CriticalStep("topics", "kafka", 0.5),
        CriticalStep("orders", "topics", 0.5),
    )


def test_nothing_started_has_no_critical_path() -> None:
    assert critical_path({}, {}) == ()


def test_dependents_are_found_through_others() -> None:
    resources = graph(resource("aws"), resource("tables", "aws"), resource("orders", "tables"), resource("redis"))

    assert dependents(resources, ("aws",)) == {"tables", "orders"}


def test_telemetry_stops_after_those_that_send_it_their_last_spans() -> None:
    telemetry = Resource("telemetry", ResourceKind.TELEMETRY)
    resources = graph(telemetry, resource("edge", uses=("orders", "telemetry")), resource("orders", uses=("edge", "telemetry")))

    after = stops_after(resources)

    assert after == {"telemetry": {"edge", "orders"}, "edge": set(), "orders": set()}


def test_the_registry_stops_beside_its_clients_and_before_kafka() -> None:
    registry = Resource("schema-registry", ResourceKind.SCHEMA_REGISTRY, needs=("kafka",))
    resources = graph(resource("kafka"), registry, resource("orders", "schema-registry", "kafka"))

    assert stops_after(resources) == {"kafka": {"schema-registry", "orders"}, "schema-registry": set(), "orders": set()}


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=25))
def test_stopping_never_waits_in_a_circle_and_always_for_what_needs_it(needs: list[tuple[int, int]]) -> None:
    downwards = [(max(pair), min(pair)) for pair in needs if pair[0] != pair[1]]
    resources = graph(*(resource(str(number), *(str(low) for high, low in downwards if high == number)) for number in range(8)))

    after = stops_after(resources)

    stopped: set[str] = set()
    while len(stopped) < 8:
        free = {name for name, others in after.items() if name not in stopped and others <= stopped}
        assert free, "a circle"
        stopped |= free
    assert all(str(high) in after[str(low)] for high, low in downwards)
