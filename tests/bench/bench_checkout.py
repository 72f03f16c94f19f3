"""Measures what a whole checkout costs and how long it takes, from the visitor's quote to `completed`. `just bench-shop`.

Prints four tables and writes them into docs/reference/performance.md. Latencies are not asserted: budgets stand beside them. What
must hold at any speed is: every order completed, stock moved once for each, each charged once.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import msgspec
import psutil
from bench.checkout_load import Plan, Sent
from bench.page import machine, table, write
from e2e.books import wrong_in_the_books
from e2e.shop import CHECKOUT, Sandbox, Shop, all_at_once

ARTICLES, STOCK = 20, 10_000
WARM_UP = (10.0, 6.0)
COUNTED = (20.0, 3.0)
RATES = (1.0, 5.0, 10.0, 20.0, 30.0)
SERVICES = ("edge", "pricing", "orders", "inventory", "payments")
METRICS = {
    "HTTP requests": "shop_http_server_seconds_count",
    "DynamoDB calls": "shop_aws_calls_total",
    "Kafka messages": "shop_kafka_published_total",
}
CALLS_BUDGET = {"SQL statements": "12"}
COMPLETED_BUDGET = "500 ms"
CLICK_BUDGET = "200 ms at 1/s"
CPU_BUDGET = "50 ms at 20/s"


Counts = Mapping[str, Mapping[str, float]]
"""How many of each kind of call one checkout makes, by service."""


@dataclass(frozen=True)
class Run:
    """One rate: what became of each order, and the CPU milliseconds that each process spent for one of them."""

    rate: float
    sent: Sequence[Sent]
    cpu: Mapping[str, float]
    load: float

    @property
    def faults(self) -> Counter[str]:
        return Counter(one.outcome for one in self.sent if one.outcome != "completed")


class Bench:
    """A running sandbox under load."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.shop = Shop(sandbox)
        self.status = sandbox.status()
        self.skus = all_at_once([lambda: self.shop.new_article(stock=STOCK)] * ARTICLES)

    def run(self, rate: float, seconds: float) -> Run:
        """Drive the shop and weigh it."""
        load, before = os.getloadavg()[0], self._cpu_seconds()
        sent = self.drive(rate, seconds)
        after = self._cpu_seconds()
        cpu = {name: (spent - before.get(name, 0.0)) * 1e3 / len(sent) for name, spent in after.items()}
        return Run(rate, sent, cpu, load)

    def drive(self, rate: float, seconds: float) -> list[Sent]:
        """Let a process of its own send orders."""
        plan = Plan(edge=self.shop.endpoints["edge"], skus=self.skus, rate=rate, seconds=seconds)
        command = [sys.executable, "-m", "bench.checkout_load", msgspec.json.encode(plan).decode()]
        done = subprocess.run(command, cwd=CHECKOUT / "tests", stdout=subprocess.PIPE, check=True)
        return msgspec.json.decode(done.stdout, type=list[Sent])

    def count(self) -> tuple[Counts, list[Sent]]:
        """What one checkout asks of others, counted in a run of its own: PostgreSQL logs every statement for it."""
        log = Path(next(one["logPath"] for one in self.status["resources"] if one["name"] == "postgres"))
        self._log_statements("all")
        before, begin = self._counters(), log.stat().st_size
        try:
            sent = self.drive(*COUNTED)
            time.sleep(1)  # the outboxes are tidied up a moment later
        finally:
            self._log_statements("none")
        with log.open("rb") as file:
            file.seek(begin)
            statements = sum(line.count(b"LOG:  execute ") + line.count(b"LOG:  statement: ") for line in file)
        counts = {
            name: {service: value - before[name][service] for service, value in of.items()} for name, of in self._counters().items()
        }
        counts["SQL statements"] = {"orders": float(statements)}  # nobody else here has a database
        return {name: {service: value / len(sent) for service, value in of.items()} for name, of in counts.items()}, sent

    def _cpu_seconds(self) -> dict[str, float]:
        spent = {one["name"]: _cpu_of(one["pid"]) for one in self.status["resources"] if one["pid"]}
        times = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            **spent,
            "supervisor": _cpu_of(self.status["supervisorPid"], deep=False),
            "load generator": times.ru_utime + times.ru_stime,
        }

    def _counters(self) -> dict[str, dict[str, float]]:
        """Each counter by service."""
        pages = {service: httpx.get(f"{self._operations(service)}/metrics").text.splitlines() for service in SERVICES}
        return {
            name: {
                service: sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric))
                for service, lines in pages.items()
            }
            for name, metric in METRICS.items()
        }

    def _operations(self, service: str) -> str:
        """Where a service shows its metrics: on a port of its own, where its other one is public."""
        ports = next(one["ports"] for one in self.status["resources"] if one["name"] == service)
        return f"http://127.0.0.1:{ports.get(f'{service}.operations', ports[service])}"

    def _log_statements(self, which: str) -> None:
        async def tell() -> None:
            connection = await asyncpg.connect(self.shop.environment["DATABASE_URL"])
            try:
                await connection.execute(f"alter system set log_statement = '{which}'")
                await connection.execute("select pg_reload_conf()")
            finally:
                await connection.close()

        asyncio.run(tell())


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each rate is held")
    parser.add_argument("--rates", type=float, nargs="+", default=[*RATES], help="orders a second")
    parser.add_argument("--name", help="measure this sandbox of the checkout, which must be up; else one of its own")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    sandbox = Sandbox(options.name or "bench-checkout")
    if not options.name:
        sandbox.cli("up", "--reset")
    try:
        section = measure(sandbox, options.rates, options.seconds)
    finally:
        if not options.name:
            sandbox.cli("down", "--purge")
    sys.stdout.write(section)
    if not options.dry:
        write("checkout", section)


def measure(sandbox: Sandbox, rates: Sequence[float], seconds: float) -> str:
    """The section of the page. Ends the benchmark when an order, a unit or a cent is missing."""
    bench = Bench(sandbox)
    warm_up = bench.drive(*WARM_UP)
    runs = [bench.run(rate, seconds) for rate in rates]
    counts, counted = bench.count()
    section = told(runs, counts, seconds)
    sent = [*warm_up, *counted, *(one for run in runs for one in run.sent)]
    if wrong := wrong_in_the_books(bench.shop, dict.fromkeys(bench.skus, STOCK), sent):
        sys.exit(f"{section}\nThe books are wrong:\n" + "\n".join(wrong))
    return section


def told(runs: Sequence[Run], counts: Counts, seconds: float) -> str:
    """The section of the page, from what was measured."""
    heads = [f"{run.rate:g}/s" for run in runs]
    orders = sum(len(run.sent) for run in runs)
    completed = orders - sum(run.faults.total() for run in runs)
    return "\n".join(
        [
            "",
            f"{machine()}, each rate for {seconds:g} s after a warm-up, the load generator",
            "on the same machine. Times count from the moment an order should have been sent (open model).",
            "To repeat: `just bench-shop`. A checkout is a quote and an order of what was quoted; it ends when the order is final.",
            f"Of {orders} orders {completed} completed. Each of these moved one unit of stock and was charged once.",
            "",
            *table(["what", *heads, "budget"], [[*row, budget] for row, budget in latencies(runs)]),
            "",
            "CPU milliseconds a checkout, the background work of that time included:",
            "",
            *table(["process", *heads, "budget"], weights(runs)),
            "",
            "What one checkout asks of others, with what the services do in the background while it runs, counted at "
            f"{COUNTED[0]:g}/s:",
            "",
            *table(["calls", *SERVICES, "together", "budget"], calls(counts)),
            "",
        ]
    )


def latencies(runs: Sequence[Run]) -> list[tuple[list[str], str]]:
    """Rows of the first table, each with its budget."""
    posts = [[one.posted for one in run.sent if one.posted is not None] for run in runs]
    ends = [[one.ended for one in run.sent if one.ended is not None] for run in runs]
    quotes = [[one.quoted for one in run.sent if one.quoted is not None] for run in runs]
    clicks = [[one.ended - one.quoted for one in run.sent if one.ended is not None and one.quoted is not None] for run in runs]
    return [
        *(([f"quoted p{share}", *(milliseconds(values, share) for values in quotes)], "") for share in (50, 95)),
        *(
            ([f"POST p{share}", *(milliseconds(values, share) for values in posts)], "500 ms" if share == 95 else "")
            for share in (50, 95, 99)
        ),
        *(
            ([f"completed p{share}", *(milliseconds(values, share) for values in ends)], COMPLETED_BUDGET if share == 95 else "")
            for share in (50, 95)
        ),
        *(
            (
                [f"click to completed p{share}", *(milliseconds(values, share) for values in clicks)],
                CLICK_BUDGET if share == 50 else "",
            )
            for share in (50, 95)
        ),
        (["not completed", *(", ".join(f"{count} {fault}" for fault, count in run.faults.items()) or "0" for run in runs)], "0"),
        (["load average before", *(f"{run.load:.1f}" for run in runs)], ""),
    ]


def weights(runs: Sequence[Run]) -> list[list[str]]:
    """Rows of the second table: the heaviest process first, the sum last."""
    names = sorted(runs[-1].cpu, key=lambda name: -runs[-1].cpu[name])
    rows = [[name, *(f"{run.cpu.get(name, 0.0):.1f}" for run in runs), ""] for name in names]
    return [*rows, ["together", *(f"{sum(run.cpu.values()):.1f}" for run in runs), CPU_BUDGET]]


def calls(counts: Counts) -> list[list[str]]:
    """Rows of the last table."""
    return [
        [
            name,
            *(f"{of[service]:.1f}" if service in of else "" for service in SERVICES),
            f"{sum(of.values()):.1f}",
            CALLS_BUDGET.get(name, ""),
        ]
        for name, of in counts.items()
    ]


def milliseconds(values: Sequence[float], share: int) -> str:
    """The value that `share` per cent of the values do not exceed."""
    ordered = sorted(values)
    return f"{ordered[math.ceil(len(ordered) * share / 100) - 1] * 1e3:.0f} ms" if ordered else "none"


def _cpu_of(pid: int, *, deep: bool = True) -> float:
    """CPU seconds of a process so far, `deep` with its children, those that ended included."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    own = times.user + times.system
    if not deep:
        return own
    living = [child.cpu_times() for child in process.children(recursive=True)]
    return own + times.children_user + times.children_system + sum(one.user + one.system for one in living)


if __name__ == "__main__":
    main()
