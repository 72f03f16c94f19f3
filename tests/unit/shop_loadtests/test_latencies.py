"""Histograms of several workers are those of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_loadtests.latencies import Latencies
from shop_loadtests.plan import Interval
from shop_loadtests.run import Measured
from shop_loadtests.watch import Generator

CALLS = st.lists(
    st.tuples(st.floats(min_value=1e-6, max_value=3000), st.sampled_from([None, None, "HTTP 503", "no answer"])), max_size=60
)


def recorded(calls: list[tuple[float, str | None]]) -> Latencies:
    latencies = Latencies()
    for seconds, failure in calls:
        latencies.record(seconds, failure)
    return latencies


@given(shares=st.lists(CALLS, min_size=1, max_size=4))
def test_what_workers_have_recorded_is_put_together_without_loss(shares: list[list[tuple[float, str | None]]]) -> None:
    measured = Measured()
    for share in shares:
        measured.add(Interval({"order": recorded(share).recorded()}, Generator(), seconds=1.0, is_last=False))
    together = measured.operations["order"]
    alone = recorded([call for share in shares for call in share])

    assert together.count == alone.count
    assert together.failures == alone.failures
    assert together.failed == alone.failed
    for percentile in (0, 10, 50, 90, 95, 99, 99.9, 100):
        assert together.milliseconds(percentile) == alone.milliseconds(percentile)


@given(seconds=st.floats(min_value=1e-6, max_value=3000))
def test_a_latency_is_kept_to_a_thousandth_of_itself(seconds: float) -> None:
    kept = recorded([(seconds, None)]).milliseconds(50) / 1000

    assert abs(kept - seconds) <= max(0.001 * seconds, 1e-6)


def test_a_failed_call_took_its_time_as_well() -> None:
    latencies = recorded([(0.1, None), (2.0, "HTTP 503")])

    assert (latencies.count, latencies.failed) == (2, 0.5)
    assert latencies.milliseconds(100) >= 2000
