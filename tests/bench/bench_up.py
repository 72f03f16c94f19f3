"""Measures what a developer waits for, part by part: `just bench-up PART...`; without a part, all that ends within minutes.

Each part prints a table and writes it into its own section of docs/reference/performance.md. Nothing is asserted: budgets stand
beside the figures.

- up: starts and stops in turn, and what the last start was made of
- stored: stops and purges with many items in DynamoDB
- running: status, an edit, logs, --help, memory
- new-work-tree: a fresh clone on a machine that ran it before
- first-ever: a fresh clone with empty caches; needs a network
- idle: growth of memory, disk and open files, resource by resource
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from bench import figures, idle_growth, stored_items, written_logs
from bench.figures import Figure, told
from shop_dev import sandbox
from shop_dev.project import open_project
from shop_sandbox.events import CodeChanged, ResourceChanged, ResourceState

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "bench"
EDITED = "orders"
SOURCE = CHECKOUT / "services" / "shop_services" / EDITED / "bootstrap.py"
WEIGHINGS = 5
WEIGHING_PAUSE_SECONDS = 1.0
HELPS = 15


def main() -> None:
    """Measure the parts that were named, one after the other; print each and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--runs", type=int, default=10, help="how often each thing is measured")
    parser.add_argument("--downs", type=int, default=20, help="how many stops, each after a start of its own")
    parser.add_argument("--services", nargs="*", default=[], help="start these and what they need, not everything")
    parser.add_argument("--items", type=int, default=100_000, help="how many items are stored for the slow stop")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long growth is watched")
    parser.add_argument("--warm-up", type=float, default=7.0, help="minutes after the start that are left out of it")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    os.chdir(CHECKOUT)
    for part in options.parts or QUICK:
        load = os.getloadavg()[0]
        measured = PARTS[part](options)
        text = f"{figures.head(_again(part, options, parser), load_before=load)}\n\n{measured}"
        sys.stdout.write(f"{part}\n{text}\n\n")
        sys.stdout.flush()
        if not options.dry:
            figures.write(part, text)


def _again(part: str, options: argparse.Namespace, parser: argparse.ArgumentParser) -> str:
    given = {"up": ("runs", "downs"), "stored": ("items",), "running": ("runs",), "idle": ("minutes", "warm_up")}.get(part, ())
    changed = [
        f"--{name.replace('_', '-')} {getattr(options, name):g}"
        for name in given
        if getattr(options, name) != parser.get_default(name)
    ]
    services = ["--services", *options.services] if options.services else []
    return " ".join(("just bench-up", part, *changed, *services))


# --- up and down -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """What one resource took to get ready, in seconds of its own and of a CPU, and what it weighs in bytes (PSS)."""

    resource: str
    seconds: float | None
    cpu_seconds: float
    bytes: int | None


def up(options: argparse.Namespace) -> str:
    """Starts and stops in turn. The first start is not counted: it fills caches and makes the stores."""
    start_empty(options)
    shop_dev("down")
    ups: list[float] = []
    readies: list[float] = []
    cpus: list[float] = []
    stops: list[float] = []
    weights: list[Weight] = []
    for number in range(max(options.runs, options.downs)):
        seconds, answer = timed(lambda: shop_dev("up", *options.services))
        if number < options.runs:
            ups.append(seconds)
            readies.append(answer["data"]["seconds"])
            weights = weigh()
            cpus.append(sum(one.cpu_seconds for one in weights))
        if number < options.downs:
            stops.append(timed(lambda: shop_dev("down"))[0])
        else:
            shop_dev("down")
    shop_dev("down", "--purge")
    return _table(
        Figure("`up`, caches filled, to everything ready (the command's own wall time)", ups, "s", "3.2 s, worst 4 s"),
        Figure("the same, as the supervisor counts it", readies, "s", ""),
        Figure("CPU time of all its processes until then", cpus, "s", ""),
        Figure("`down`", stops, "s", "0.9 s, worst 1.5 s"),
    ) + breakdown(weights)


def stored(options: argparse.Namespace) -> str:
    """A stop with much in the emulator, and purges of little and of much."""
    start_empty(options)
    empty = timed(lambda: shop_dev("down", "--purge"))[0]
    shop_dev("up", *options.services)
    storing = timed(lambda: stored_items.store(shop_dev("env")["data"], options.items))[0]
    down = timed(lambda: shop_dev("down"))[0]
    start = timed(lambda: shop_dev("up", *options.services))[0]
    purge = timed(lambda: shop_dev("down", "--purge"))[0]
    much = f"with {options.items:,} items in DynamoDB"
    return _table(
        Figure("`down --purge`", [empty], "s", "0.7 s"),
        Figure(f"`down` {much}", [down], "s", "2 s"),
        Figure(f"`up` {much}", [start], "s", ""),
        Figure(f"`down --purge` {much}", [purge], "s", "0.7 s"),
        Figure("storing them, for comparison", [storing], "s", ""),
    )


def start_empty(options: argparse.Namespace) -> None:
    """Start with empty stores, whatever an earlier run has left. `--reset` will not do: with names, it means their data alone."""
    if (CHECKOUT / ".shop-dev" / NAME).exists():
        shop_dev("down", "--purge")
    shop_dev("up", *options.services)


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


def breakdown(weights: Sequence[Weight]) -> str:
    """The last start by resource: where the seconds and the memory go."""
    rows = []
    for one in sorted(weights, key=lambda one: -one.cpu_seconds):
        seconds = "" if one.seconds is None else told(one.seconds, "s")
        memory = "" if one.bytes is None else told(one.bytes / 2**20, "MiB")
        rows.append((one.resource, seconds, told(one.cpu_seconds, "s") if one.cpu_seconds else "", memory))
    listed = figures.table(("resource", "own seconds to ready", "CPU seconds", "memory (PSS)"), rows)
    return f"\n\nThe last start by resource:\n\n{listed}"


def _family(pid: int) -> list[psutil.Process]:
    leader = psutil.Process(pid)
    return [leader, *leader.children(recursive=True)]


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:4]) for process in processes)  # own and reaped children's, user and system


# --- while it runs -----------------------------------------------------------------------------------------------------------


def running(options: argparse.Namespace) -> str:
    """What is asked of a sandbox that runs."""
    shop_dev("up", *options.services)
    statuses = [timed(lambda: shop_dev("status"))[0] for _ in range(options.runs)]
    edits = [edit_to_ready() for _ in range(options.runs)]
    weights = [mebibytes() for _ in range(WEIGHINGS)]
    shop_dev("down", "--purge")
    return _table(
        Figure("`status`", statuses, "s", "0.15 s"),
        Figure(f"`{EDITED}` edited, ready again", edits, "s", "0.4 s"),
        Figure("`logs` of the last hour of 11 services, 21 MiB of logs each", logs_of_an_hour(options.runs), "s", "0.3 s"),
        Figure("`--help`", helps("./shop-dev"), "ms", "100 ms"),
        Figure("`--help` without the wrapper", helps(".venv/bin/python", "-P", "-m", "shop_dev"), "ms", "20 ms less at most"),
        Figure("whole sandbox idle, proportional memory (PSS)", weights, "MiB", "450 MiB"),
    )


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


def logs_of_an_hour(runs: int) -> list[float]:
    """Seconds of `logs --since 1h` over eight hours of logs of 11 services."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-logs-") as folder:
        written_logs.write(Path(folder), services=11)
        command = [str(CHECKOUT / ".venv/bin/python"), "-P", "-m", "shop_dev", "logs", "--since", "1h"]
        call = lambda: subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: E731 - a name for one call
        return [timed(call)[0] for _ in range(runs)]


def helps(*command: str) -> list[float]:
    return [timed(lambda: subprocess.run([*command, "--help"], capture_output=True, check=True))[0] * 1e3 for _ in range(HELPS)]


def mebibytes() -> float:
    time.sleep(WEIGHING_PAUSE_SECONDS)
    return float(shop_dev("status")["data"]["totalPssBytes"]) / 2**20


# --- clones ------------------------------------------------------------------------------------------------------------------


def new_work_tree(options: argparse.Namespace) -> str:
    """A fresh clone on this machine, whose caches are filled: its environment, then its first start."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-clone-") as folder:
        clone = cloned(Path(folder))
        environment = timed(lambda: in_clone(clone, "--version", environment=os.environ))[0]
        try:
            start = timed(lambda: in_clone(clone, "up", *options.services, "--name", NAME, environment=os.environ))[0]
        finally:
            in_clone(clone, "down", "--name", NAME, environment=os.environ)
    return _table(
        Figure("first `up` in a new work tree, machine known", [start], "s", "4.5 s"),
        Figure("its environment before that", [environment], "s", ""),
    )


def first_ever(options: argparse.Namespace) -> str:
    """The first `up` in a new clone, under a new home directory and so with no cache of ours, uv's or pip's."""
    del options
    with tempfile.TemporaryDirectory(prefix="shop-dev-first-") as folder:
        clone = cloned(Path(folder))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "UV_", "VIRTUAL_ENV"))}
        environment["HOME"] = folder
        try:
            start = timed(lambda: in_clone(clone, "up", "--name", NAME, "--timeout", "300", environment=environment))[0]
        finally:
            in_clone(clone, "down", "--name", NAME, environment=environment)
    return _table(Figure("first-ever `./shop-dev up` of a fresh clone, downloads included", [start], "s", "90 s"))


def cloned(folder: Path) -> Path:
    clone = folder / "shop"
    subprocess.run(["git", "clone", "--quiet", "--local", str(CHECKOUT), str(clone)], check=True)
    return clone


def in_clone(clone: Path, *words: str, environment: Mapping[str, str]) -> None:
    """Run shop-dev there as in a developer's shell, which lets Python keep what it compiles."""
    usual = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(["./shop-dev", *words], cwd=clone, env=usual, check=True, stdout=subprocess.DEVNULL)


# --- idle --------------------------------------------------------------------------------------------------------------------


def idle(options: argparse.Namespace) -> str:
    """The growth of a sandbox that nobody uses."""
    shop_dev("up", *options.services)
    supervisor = shop_dev("status")["data"]["supervisorPid"]
    grown = idle_growth.watch(
        warm_up_minutes=options.warm_up,
        minutes=options.minutes,
        status=lambda: shop_dev("status")["data"],
        supervisor_pid=supervisor,
        folder=CHECKOUT / ".shop-dev" / NAME,
    )
    shop_dev("down", "--purge")
    return idle_growth.told(grown)


# --- the command line --------------------------------------------------------------------------------------------------------


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


def _table(*rows: Figure) -> str:
    return figures.table(figures.HEADINGS, [row.cells() for row in rows])


PARTS: Mapping[str, Callable[[argparse.Namespace], str]] = {
    "up": up,
    "stored": stored,
    "running": running,
    "new-work-tree": new_work_tree,
    "first-ever": first_ever,
    "idle": idle,
}
QUICK = ("up", "stored", "running", "new-work-tree")


if __name__ == "__main__":
    main()
