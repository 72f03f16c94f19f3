"""While a run lasts, a terminal shows rates, percentiles and objectives; everything else gets lines."""

from __future__ import annotations

import io

from rich.console import Console
from shop_dev.output.load_live import picture, shown
from shop_loadtests.latencies import Latencies
from shop_loadtests.plan import Interval
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.run import Measured
from shop_loadtests.watch import Generator

PROFILE = Profile("x", {"browse": 1}, (Stage(10, 1),), (Slo("getProduct", p95=50), Slo("placeOrder", p95=5)))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def so_far() -> Measured:
    """Two generators have told of a second: three products in each, and an order in one."""
    measured = Measured(seconds=4.0)
    for orders in (0, 1):
        products, placed = Latencies(), Latencies()
        for _ in range(3):
            products.record(0.02)
        for _ in range(orders):
            placed.record(0.1, "HTTP 503")
        told = {"getProduct": products.recorded()} | ({"placeOrder": placed.recorded()} if orders else {})
        measured.add(Interval(told, Generator(visits=3), 1.0, False))
    return measured


def drawn() -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=120).print(picture(so_far(), PROFILE))
    return [line.strip() for line in stream.getvalue().splitlines()]


def test_rates_and_percentiles_stand_by_operation() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in drawn() if line}

    assert rows["getProduct"] == ["6.0", "20.0", "20.0", "20.0"]
    assert rows["placeOrder"][:2] == ["1.0", "1"]


def test_each_objective_says_how_it_stands() -> None:
    assert "✓ getProduct: p95 at most 50 ms" in drawn()
    assert "✗ placeOrder: p95 is 100 ms, its objective 5 ms" in drawn()


def test_a_terminal_is_drawn_on_in_place() -> None:
    stream = Terminal()
    with shown(PROFILE, stream) as draw:
        draw(so_far())

    assert "getProduct: p95 at most 50 ms" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")  # at the end it makes room for the report


def test_a_log_gets_a_line_each_time() -> None:
    stream = io.StringIO()
    with shown(PROFILE, stream) as draw:
        draw(so_far())

    assert stream.getvalue() == "    4 of 10 s   6 visits, 7 calls, 1 failed\n"
