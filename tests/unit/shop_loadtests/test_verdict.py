"""A run is green, red, or not to be believed, and says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop_loadtests.latencies import Latencies
from shop_loadtests.profile import Behind, Profile, Slo, Stage
from shop_loadtests.verdict import Kind, Verdict
from shop_loadtests.verdict import judge as judge_profile
from shop_loadtests.watch import Generator

WELL = Generator(visits=100, cpu=0.3)


def judge(
    slos: Sequence[Slo],
    measured: Mapping[str, Latencies],
    generator: Generator,
    *,
    limit: Behind | None = None,
    behind: Behind | None = None,
) -> Verdict:
    return judge_profile(Profile("x", {"browse": 1}, (Stage(1, 1),), tuple(slos), limit), measured, generator, behind=behind)


def calls(*seconds: float, failed: int = 0) -> Latencies:
    latencies = Latencies()
    for number, one in enumerate(seconds):
        latencies.record(one, "HTTP 503" if number < failed else None)
    return latencies


def test_objectives_that_hold_are_green() -> None:
    verdict = judge([Slo("placeOrder", p95=200, failures=0.0), Slo("*", p50=200)], {"placeOrder": calls(0.1, 0.1)}, WELL)

    assert (verdict.kind, verdict.reasons) == (Kind.GREEN, ())


def test_every_objective_that_is_missed_is_named_with_what_was_found() -> None:
    slos = [Slo("placeOrder", p50=50, p95=150), Slo("*", failures=0.1)]

    verdict = judge(slos, {"placeOrder": calls(0.1, 0.1), "getOrder": calls(0.1, 0.1, 0.1, 0.1, failed=1)}, WELL)

    assert verdict.kind is Kind.RED
    assert verdict.reasons == (
        "placeOrder: p50 is 100 ms, its objective 50 ms",
        "getOrder: 25.00% of 4 calls failed (1 of HTTP 503), its objective 10.00%",
    )


def test_an_objective_for_what_was_never_called_is_an_error() -> None:
    verdict = judge([Slo("placeOrder", p95=500)], {"getOrder": calls(0.1)}, WELL)

    assert (verdict.kind, verdict.reasons) == (Kind.INVALID, ("placeOrder has an objective and was never called",))


def test_a_generator_that_did_not_keep_up_makes_the_run_invalid_whatever_was_measured() -> None:
    slos, measured = [Slo("placeOrder", p95=1)], {"placeOrder": calls(0.1)}

    late = judge(slos, measured, Generator(visits=100, late=2, cpu=0.3))
    busy = judge(slos, measured, Generator(visits=100, late=1, cpu=0.95))
    idle = judge(slos, measured, Generator())

    assert [one.kind for one in (late, busy, idle)] == [Kind.INVALID] * 3
    assert "2 of 100 visits began more than 10 ms late" in late.reasons[0]
    assert "95% of its processor" in busy.reasons[0]
    assert idle.reasons == ("no visit was begun",)


def test_a_journey_that_throws_is_never_a_pass() -> None:
    verdict = judge([], {}, Generator(visits=10, faults=("KeyError: 'token'",)))

    assert (verdict.kind, verdict.reasons) == (Kind.INVALID, ("a visit ended with a fault of its own: KeyError: 'token'",))


def test_one_late_visit_in_a_hundred_is_borne() -> None:
    assert judge([], {}, Generator(visits=100, late=1, cpu=0.9)).kind is Kind.GREEN


def test_a_target_that_goes_away_is_red_even_where_no_objective_speaks_of_failures() -> None:
    away = Latencies()
    for number in range(100):
        away.record(0.01, "no answer" if number < 6 else None)

    verdict = judge([Slo("getOrder", p95=500)], {"getOrder": away}, WELL)

    assert (verdict.kind, verdict.reasons) == (Kind.RED, ("the target was away: 6 of 100 calls had no answer at all",))


def test_consumers_that_fall_behind_are_red() -> None:
    limit = Behind(messages=100, seconds=2)

    kept_up = judge([], {"getOrder": calls(0.1)}, WELL, limit=limit, behind=Behind(100, 2))
    fell_behind = judge([], {"getOrder": calls(0.1)}, WELL, limit=limit, behind=Behind(99, 1).worst(Behind(101, 2.5)))

    assert kept_up.kind is Kind.GREEN
    assert fell_behind.kind is Kind.RED
    assert fell_behind.reasons == (
        "consumers were 101 messages behind, at most 100 is the objective",
        "a message waited 2.5 s for its consumer, at most 2 s is the objective",
    )


def test_consumers_whom_nobody_saw_make_no_verdict() -> None:
    verdict = judge([], {"getOrder": calls(0.1)}, WELL, limit=Behind(messages=100))

    assert verdict.kind is Kind.INVALID
    assert "nobody saw how far they were behind" in verdict.reasons[0]
