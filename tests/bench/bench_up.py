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
from shop_dev import sandbox
from shop_dev.project import open_project
from shop_sandbox.events import CodeChanged, ResourceChanged, ResourceState

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- up: begin -->", "<!-- up: end -->"
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
    parser.add_argument("--first-ever", action="store_true", help="also measure a fresh clone with empty caches (needs a network)")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    load = os.getloadavg()[0]
    figures, weights = measure(options.runs)
    if options.first_ever:
        figures.insert(0, Figure("first-ever `./shop-dev up` of a fresh clone, downloads included", [first_ever()], "s", "90 s"))
    loads = (load, os.getloadavg()[0])
    section = table(figures, runs=options.runs, loads=loads) + breakdown(weights)
    sys.stdout.write(section)
    if not options.dry:
        write(section)


@dataclass(frozen=True)
class Weight:
    """What one resource took to get ready, in seconds of its own and of a CPU, and what it weighs in bytes (PSS)."""

    resource: str
    seconds: float | None
    cpu_seconds: float
    bytes: int | None


def measure(runs: int) -> tuple[list[Figure], list[Weight]]:
    """All figures, and the last start by resource. The first start is not counted: it fills caches and makes the stores."""
    shop_dev("up", "--reset")
    shop_dev("down")
    ups: list[float] = []
    readies: list[float] = []
    downs: list[float] = []
    cpus: list[float] = []
    for last in [False] * (runs - 1) + [True]:
        seconds, answer = timed(lambda: shop_dev("up"))
        ups.append(seconds)
        readies.append(answer["data"]["seconds"])
        breakdown_now = weigh()
        cpus.append(sum(one.cpu_seconds for one in breakdown_now))
        if not last:
            downs.append(timed(lambda: shop_dev("down"))[0])
    statuses = [timed(lambda: shop_dev("status"))[0] for _ in range(runs)]
    edits = [edit_to_ready() for _ in range(runs)]
    idle = [idle_mebibytes() for _ in range(IDLE_SAMPLES)]
    downs.append(timed(lambda: shop_dev("down", "--purge"))[0])
    figures = [
        Figure("`up`, caches filled, to everything ready (the command's own wall time)", ups, "s", "5 s, later 4 s"),
        Figure("the same, as the supervisor counts it", readies, "s", ""),
        Figure("CPU time of all its processes until then", cpus, "s", ""),
        Figure("`down`", downs, "s", "1 s"),
        Figure(f"`{EDITED}` edited, ready again", edits, "s", "0.7 s"),
        Figure("`status`", statuses, "s", ""),
        Figure("`--help`", helps("./shop-dev"), "ms", "250 ms"),
        Figure("`--help` without the wrapper", helps(".venv/bin/python", "-P", "-m", "shop_dev"), "ms", "20 ms less at most"),
        Figure("whole sandbox idle, proportional memory (PSS)", idle, "MiB", "700 MiB"),
    ]
    return figures, breakdown_now


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


def table(figures: Sequence[Figure], *, runs: int, loads: tuple[float, float]) -> str:
    """The section of the page."""
    rows = [("what", "median", "best", "worst", "runs", "budget"), ("---",) * 6, *(figure.cells() for figure in figures)]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        [
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; load average {loads[0]:.1f} before, {loads[1]:.1f} after.",
            f"To repeat: `just bench-up --runs {runs}`.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
        ]
    )


def write(section: str) -> None:
    """Put the section between its marks; the page's other sections belong to other benchmarks."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Performance\n"
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n## Starting and stopping\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + section + END + rest.partition(END)[2], encoding="utf-8")


def _told(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.0f} {unit}"


if __name__ == "__main__":
    main()
