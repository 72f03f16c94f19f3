"""Measures what a developer waits for: up, down, status, --help, an edit; and what the idle sandbox weighs. `just bench-up`.

Prints a table and writes it into docs/reference/performance.md. Nothing is asserted: budgets stand beside the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from bench import idle_growth, stored_items
from shop_dev import sandbox
from shop_dev.project import open_project
from shop_sandbox.events import CodeChanged, ResourceChanged, ResourceState
from shop_sandbox.logs.stamps import stamp

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- up: begin -->", "<!-- up: end -->"
IDLE_BEGIN, IDLE_END = "<!-- idle: begin -->", "<!-- idle: end -->"
NAME = "bench"
EDITED = "orders"
SOURCE = CHECKOUT / "services" / "shop_services" / EDITED / "bootstrap.py"
IDLE_SAMPLES = 5
IDLE_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Figure:
    """One row: what, the measured values in `unit`, and the budget it is held against."""

    what: str
    values: Sequence[float]
    unit: str
    budget: str

    def cells(self) -> tuple[str, ...]:
        low, middle, high = min(self.values), statistics.median(self.values), max(self.values)
        return (
            self.what,
            _told(middle, self.unit),
            _told(low, self.unit),
            _told(high, self.unit),
            str(len(self.values)),
            self.budget,
        )


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only")
    parser.add_argument("--downs", type=int, default=20, help="how many stops, each after a start of its own")
    parser.add_argument("--items", type=int, default=100_000, help="how many items are stored for the slow stop; 0: leave it out")
    parser.add_argument("--idle-minutes", type=float, default=0.0, help="measure only growth while idle, for so long")
    parser.add_argument("--new-work-tree", action="store_true", help="also measure the first start in a fresh clone, caches filled")
    parser.add_argument("--first-ever", action="store_true", help="also measure a fresh clone with empty caches (needs a network)")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    if options.idle_minutes:
        grown = idle(options.idle_minutes)
        sys.stdout.write(grown)
        if not options.dry:
            write(grown, IDLE_BEGIN, IDLE_END, heading="Idle")
        return
    load = os.getloadavg()[0]
    figures, weights = measure(options.runs, downs=options.downs, items=options.items)
    if options.new_work_tree:
        figures[4:4] = new_work_tree()
    if options.first_ever:
        figures.insert(0, Figure("first-ever `./shop-dev up` of a fresh clone, downloads included", [first_ever()], "s", "90 s"))
    loads = (load, os.getloadavg()[0])
    section = table(figures, words=sys.argv[1:], loads=loads) + breakdown(weights)
    sys.stdout.write(section)
    if not options.dry:
        write(section, BEGIN, END, heading="Starting and stopping")


@dataclass(frozen=True)
class Weight:
    """What one resource took to get ready, in seconds of its own and of a CPU, and what it weighs in bytes (PSS)."""

    resource: str
    seconds: float | None
    cpu_seconds: float
    bytes: int | None


def measure(runs: int, *, downs: int, items: int) -> tuple[list[Figure], list[Weight]]:
    """All figures, and the last start by resource. The first start is not counted: it fills caches and makes the stores."""
    shop_dev("up", "--reset")
    shop_dev("down")
    ups: list[float] = []
    readies: list[float] = []
    stops: list[float] = []
    cpus: list[float] = []
    for _ in range(max(runs, downs)):
        seconds, answer = timed(lambda: shop_dev("up"))
        ups.append(seconds)
        readies.append(answer["data"]["seconds"])
        breakdown_now = weigh()
        cpus.append(sum(one.cpu_seconds for one in breakdown_now))
        stops.append(timed(lambda: shop_dev("down"))[0])
    shop_dev("up")
    statuses = [timed(lambda: shop_dev("status"))[0] for _ in range(runs)]
    edits = [edit_to_ready() for _ in range(runs)]
    idle = [idle_mebibytes() for _ in range(IDLE_SAMPLES)]
    purge = timed(lambda: shop_dev("down", "--purge"))[0]
    much = stops_with(items) if items else []
    figures = [
        Figure("`up`, caches filled, to everything ready (the command's own wall time)", ups, "s", "3.2 s, worst 4 s"),
        Figure("the same, as the supervisor counts it", readies, "s", ""),
        Figure("CPU time of all its processes until then", cpus, "s", ""),
        Figure("`down`", stops, "s", "0.9 s, worst of 20 1.5 s"),
        Figure("`down --purge`", [purge], "s", "0.7 s"),
        *much,
        Figure(f"`{EDITED}` edited, ready again", edits, "s", "0.4 s"),
        Figure("`status`", statuses, "s", "0.15 s"),
        Figure("`logs` of the last hour of 11 services, 21 MiB of logs each", logs_of_an_hour(), "s", "0.3 s"),
        Figure("`--help`", helps("./shop-dev"), "ms", "100 ms"),
        Figure("`--help` without the wrapper", helps(".venv/bin/python", "-P", "-m", "shop_dev"), "ms", "20 ms less at most"),
        Figure("whole sandbox idle, proportional memory (PSS)", idle, "MiB", "450 MiB"),
    ]
    return figures, breakdown_now


def stops_with(items: int) -> list[Figure]:
    """A stop with much in the emulator, and a purge of as much."""
    shop_dev("up")
    stored_items.store(shop_dev("env")["data"], items)
    down = timed(lambda: shop_dev("down"))[0]
    shop_dev("up")
    purge = timed(lambda: shop_dev("down", "--purge"))[0]
    return [
        Figure(f"`down` with {items:,} items in DynamoDB", [down], "s", "2 s"),
        Figure(f"`down --purge` with {items:,} items in DynamoDB", [purge], "s", "0.7 s"),
    ]


def new_work_tree() -> list[Figure]:
    """A fresh clone on this machine, whose caches are filled: its environment, then its first start."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-clone-") as folder:
        clone = Path(folder) / "shop"
        subprocess.run(["git", "clone", "--quiet", "--local", str(CHECKOUT), str(clone)], check=True)

        def call(*words: str) -> None:
            subprocess.run(["./shop-dev", *words], cwd=clone, check=True, stdout=subprocess.DEVNULL)

        environment = timed(lambda: call("--version"))[0]
        try:
            start = timed(lambda: call("up", "--name", NAME))[0]
        finally:
            call("down", "--name", NAME)
    return [
        Figure("first `up` in a new work tree, machine known", [start], "s", "4.5 s"),
        Figure("its environment before that", [environment], "s", ""),
    ]


def logs_of_an_hour() -> list[float]:
    """Seconds of `logs --since 1h` over eight hours of logs of 11 services, of which the last hour has 200 lines each."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-logs-") as folder:
        checkout = Path(folder)
        (checkout / "pyproject.toml").write_text("[tool.shop-dev]\nservices = []\n")
        logs = checkout / ".shop-dev" / "default" / "logs"
        logs.mkdir(parents=True)
        now = time.time()
        for service in range(11):
            for age in (2, 1, 0):
                _write_log(logs / f"service-{service}.log{f'.{age}' if age else ''}", now - 3600 * (0.0 if age == 0 else 3 * age))
        command = [str(CHECKOUT / ".venv/bin/python"), "-P", "-m", "shop_dev", "logs", "--since", "1h"]
        call = lambda: subprocess.run(command, cwd=checkout, capture_output=True, check=True)  # noqa: E731 - a name for one call
        return [timed(call)[0] for _ in range(10)]


def _write_log(path: Path, until: float) -> None:
    """Some 7 MiB over three hours, with 200 lines in the last of them."""
    early = [until - 3600 - 7200 * (1 - number / 50_000) for number in range(50_000)]
    late = [until - 3600 * (1 - number / 200) for number in range(200)]
    record = b' {"level": "info", "message": "an answer was taken", "order_id": "ord_1", "stage": "authorising", "version": 3}\n'
    path.write_bytes(b"".join(stamp(at) + record for at in (*early, *late)))
    os.utime(path, (until, until))


def idle(minutes: float) -> str:
    """The growth of an idle sandbox, as a section of the page."""
    shop_dev("up")
    pid = shop_dev("status")["data"]["supervisorPid"]
    grown = idle_growth.measure(
        minutes=minutes,
        memory_bytes=kafka_and_the_rest,
        supervisor_pid=pid,
        folder=CHECKOUT / ".shop-dev" / NAME,
    )
    shop_dev("down", "--purge")
    rows: list[tuple[str, ...]] = [("idle", "at the end", "change an hour", "after 8 hours"), ("---",) * 4]
    rows += [
        (one.what, *(f"{value} {one.unit}" for value in (f"{one.now:.0f}", f"{one.per_hour:+.1f}", f"{one.after_a_day:.0f}")))
        for one in grown
    ]
    load = f"load average {os.getloadavg()[0]:.1f}"
    head = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} over {minutes:g} minutes without a request, {load}; slopes by least squares,\n"
        f"extrapolated to a working day. To repeat: `just bench-up --idle-minutes {minutes:g}`."
    )
    return "\n".join(["", head, "", *("| " + " | ".join(row) + " |" for row in rows), ""])


def kafka_and_the_rest() -> tuple[float, float]:
    """What Kafka weighs, and everything else, in bytes."""
    status = shop_dev("status")["data"]
    kafka = next(float(one["pssBytes"]) for one in status["resources"] if one["name"] == "kafka")
    return kafka, float(status["totalPssBytes"]) - kafka


def weigh() -> list[Weight]:
    """The running sandbox by resource. What has ended (provisioning) is counted with the supervision that forked it."""
    status = shop_dev("status")["data"]
    found = []
    own_processes: set[int] = set()
    for one in status["resources"]:
        family = _family(one["pid"]) if one["pid"] else []
        own_processes |= {process.pid for process in family}
        found.append(Weight(one["name"], one["secondsToReady"], _cpu_seconds(family), one["pssBytes"]))
    rest = [process for process in _family(status["supervisorPid"]) if process.pid not in own_processes]
    return [*found, Weight("supervision and what has ended", None, _cpu_seconds(rest), status["supervisorPssBytes"])]


def _family(pid: int) -> list[psutil.Process]:
    leader = psutil.Process(pid)
    return [leader, *leader.children(recursive=True)]


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in processes)  # own and reaped children's, user and system


def first_ever() -> float:
    """Seconds of the first `up` in a new clone, under a new home directory and so with no cache of ours, uv's or pip's."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-first-") as folder:
        clone = Path(folder) / "shop"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "UV_", "VIRTUAL_ENV"))}
        environment["HOME"] = folder

        def call(*words: str) -> None:
            subprocess.run(
                ["./shop-dev", *words, "--name", NAME], cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL
            )

        try:
            return timed(lambda: call("up", "--timeout", "300"))[0]
        finally:
            call("down")


def shop_dev(*words: str) -> Any:
    """The envelope of a command. Ends the benchmark when the command fails."""
    done = subprocess.run(["./shop-dev", *words, "--name", NAME, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"shop-dev {' '.join(words)} failed: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer


def helps(*command: str) -> list[float]:
    return [timed(lambda: subprocess.run([*command, "--help"], capture_output=True, check=True))[0] * 1e3 for _ in range(15)]


def edit_to_ready() -> float:
    """Seconds from the change of a source file until the service is ready with it."""
    events = sandbox.connect(open_project(name=NAME)).follow()
    for event in events:  # what is there first: the states as they are
        if isinstance(event, ResourceChanged) and event.resource == EDITED:
            break
    began = time.perf_counter()
    SOURCE.touch()
    restarted = False
    for event in events:
        restarted = restarted or (isinstance(event, CodeChanged) and EDITED in event.resources)
        ready = isinstance(event, ResourceChanged) and event.resource == EDITED and event.state is ResourceState.READY
        if restarted and ready:
            events.close()  # type: ignore[attr-defined]  # a generator
            return time.perf_counter() - began
    sys.exit("the sandbox stopped while an edit was measured")


def idle_mebibytes() -> float:
    time.sleep(IDLE_PAUSE_SECONDS)
    return float(shop_dev("status")["data"]["totalPssBytes"]) / 2**20


def breakdown(weights: Sequence[Weight]) -> str:
    """The last start by resource: where the seconds and the memory go."""
    rows = [("resource", "own seconds to ready", "CPU seconds", "memory (PSS)"), ("---",) * 4]
    for one in sorted(weights, key=lambda one: -one.cpu_seconds):
        seconds = "" if one.seconds is None else _told(one.seconds, "s")
        memory = "" if one.bytes is None else _told(one.bytes / 2**20, "MiB")
        rows.append((one.resource, seconds, _told(one.cpu_seconds, "s") if one.cpu_seconds else "", memory))
    return "\n".join(["", "The last start by resource:", "", *("| " + " | ".join(row) + " |" for row in rows), ""])


def table(figures: Sequence[Figure], *, words: Sequence[str], loads: tuple[float, float]) -> str:
    """The section of the page."""
    rows = [("what", "median", "best", "worst", "runs", "budget"), ("---",) * 6, *(figure.cells() for figure in figures)]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        [
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
            f"To repeat: `just bench-up {' '.join(words)}`.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
        ]
    )


def write(section: str, begin: str, end: str, *, heading: str) -> None:
    """Put the section between its marks; the page's other sections belong to other benchmarks."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Performance\n"
    if begin not in page:
        page = f"{page.rstrip()}\n\n## {heading}\n\n{begin}\n{end}\n"
    before, _, rest = page.partition(begin)
    PAGE.write_text(before + begin + section + end + rest.partition(end)[2], encoding="utf-8")


def _told(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.0f} {unit}"


if __name__ == "__main__":
    main()
