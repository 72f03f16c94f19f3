"""Rate limits by the generic cell rate algorithm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_kit.rate_limits import RateLimit, judge

LIMITS = st.builds(RateLimit, per_second=st.sampled_from([0.5, 1, 10, 250]), burst=st.integers(1, 50))


@given(limit=LIMITS, gaps_ms=st.lists(st.integers(0, 3000), max_size=80))
def test_in_any_span_of_time_no_more_pass_than_burst_and_rate_allow(limit: RateLimit, gaps_ms: list[int]) -> None:
    now, arrival, passed = 0.0, None, []
    for gap in gaps_ms:
        now += gap
        verdict, arrival = judge(arrival, limit, now_ms=now)
        if verdict.is_allowed:
            passed.append(now)

    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = limit.burst + (passed[last] - begin) / 1000 * limit.per_second
            assert last - first + 1 <= allowed + 1e-6


@given(limit=LIMITS)
def test_a_whole_burst_passes_at_once_and_the_next_one_passes_after_the_wait_it_was_told(limit: RateLimit) -> None:
    arrival = None
    for _ in range(limit.burst):
        verdict, arrival = judge(arrival, limit, now_ms=0)
        assert verdict.is_allowed

    refused, arrival = judge(arrival, limit, now_ms=0)
    later, _ = judge(arrival, limit, now_ms=refused.retry_after_seconds * 1000 + 1e-6)

    assert (refused.is_allowed, later.is_allowed) == (False, True)
