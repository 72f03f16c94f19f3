"""Measures the engines beside each other, in one run on one machine: `just bench-engines`.

For each of `embedded`, `mixed`, `docker` and, as the yardstick, `docker compose up --wait` of compose.yaml: a cold start (empty
stores; images, downloads and caches are there), a warm one, a stop, and what it weighs idle. Prints a table and writes it into
docs/reference/performance.md. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import figures
from bench.figures import told
from fakes.docker_here import compose_program, daemon_address, ensure_images
from shop_sandbox.engines.docker import daemon
from shop_sandbox.engines.docker.images import KAFKA, MINISTACK, POSTGRES, PYTHON, VALKEY

CHECKOUT = Path(__file__).resolve().parents[2]
SECTION = "engines"
ENGINES = ("embedded", "mixed", "docker")
YARDSTICK = "docker compose"
NAME = "bench-engines"
IDLE_SECONDS = 20.0
"""So long a sandbox rests before it is weighed."""


@dataclass
class Measured:
    """What one way of running the shop took, in seconds, and weighs, in MiB."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)


def main() -> None:
    """Measure each engine, then Compose; print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", metavar="ENGINE", default=[], help=f"of {', '.join((*ENGINES, 'compose'))}")
    parser.add_argument("--runs", type=int, default=3, help="how often each is started and stopped")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    chosen, load = options.engines or [*ENGINES, "compose"], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place, daemon_address(Path(place)) as address:
        ensure_images(address, [str(image) for image in (KAFKA, POSTGRES, VALKEY, MINISTACK, PYTHON)])
        os.environ["DOCKER_HOST"] = address
        shop_dev("build")
        found = {engine: sandbox(engine, options.runs) for engine in ENGINES if engine in chosen}
        if "compose" in chosen:
            found[YARDSTICK] = compose(compose_program(Path(place)), options.runs)
    again = " ".join(("just bench-engines", *options.engines, *(["--runs", str(options.runs)] if options.runs != 3 else [])))
    text = f"{figures.head(again, load_before=load)}\n\n{page(found)}"
    sys.stdout.write(f"{text}\n")
    if not options.dry:
        figures.write(SECTION, text)


def sandbox(engine: str, runs: int) -> Measured:
    """Measure one engine under the supervisor."""
    found, own = Measured(), ("--name", f"{NAME}-{engine}"[:32])
    shop_dev("up", "--engine", engine, "--reset", *own)  # fills caches
    for _ in range(runs):
        shop_dev("down", "--purge", *own)
        found.cold.append(timed(lambda: shop_dev("up", "--engine", engine, *own)))
        shop_dev("down", *own)
        found.warm.append(timed(lambda: shop_dev("up", "--engine", engine, *own)))
        time.sleep(IDLE_SECONDS)
        found.idle.append(json.loads(shop_dev("status", *own))["data"]["totalPssBytes"] / 2**20)
        found.down.append(timed(lambda: shop_dev("down", *own)))
    shop_dev("down", "--purge", *own)
    return found


def compose(program: Sequence[str], runs: int) -> Measured:
    """Measure Compose alone, with the same images and the same file that a checkout has."""
    ports = {f"SHOP_{name}_PORT": "0" for name in ("EDGE", "AWS", "POSTGRES", "REDIS", "SCHEMA_REGISTRY")}
    environment = {**os.environ, **ports, "SHOP_KAFKA_PORT": "29092"}
    command = [*program, "--file", str(CHECKOUT / "compose.yaml"), "--project-name", NAME, "--profile", "shop"]

    def call(*words: str) -> None:
        subprocess.run([*command, *words], env=environment, check=True, capture_output=True)

    found, up = Measured(), ("up", "--wait", "--no-build", "--detach")
    call(*up)
    for _ in range(runs):
        call("down", "--volumes")
        found.cold.append(timed(lambda: call(*up)))
        call("down")
        found.warm.append(timed(lambda: call(*up)))
        time.sleep(IDLE_SECONDS)
        found.idle.append(_weight_of_project() / 2**20)
        found.down.append(timed(lambda: call("down")))
    call("down", "--volumes")
    return found


def _weight_of_project() -> int:
    """Return what the containers' control groups count, without page cache: as the sandbox weighs its own."""
    client, total = daemon.connect(os.environ), 0
    for one in client.containers.list(filters={"label": f"com.docker.compose.project={NAME}"}):
        used = one.stats(stream=False, one_shot=True).get("memory_stats", {})
        cache = used.get("stats", {}).get("total_inactive_file", used.get("stats", {}).get("inactive_file", 0))
        total += int(used.get("usage", 0)) - int(cache)
    return total


def page(found: dict[str, Measured]) -> str:
    """Return the table; ratios are to Compose, where that was measured."""
    yardstick = found.get(YARDSTICK)
    headings = ("engine", "cold up", "warm up", "down", "idle")
    rows = [(engine, *_cells(one, yardstick if one is not yardstick else None)) for engine, one in found.items()]
    return figures.table(headings, rows)


def _cells(one: Measured, yardstick: Measured | None) -> Iterator[str]:
    for what, unit in (("cold", "s"), ("warm", "s"), ("down", "s"), ("idle", "MiB")):
        yield _cell(getattr(one, what), unit, getattr(yardstick, what) if yardstick is not None else None)


def _cell(values: Sequence[float], unit: str, yardstick: Sequence[float] | None) -> str:
    middle = statistics.median(values)
    ratio = f" ({middle / statistics.median(yardstick):.2f} of Compose's)" if yardstick else ""
    return f"{told(middle, unit)}{ratio}"


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def shop_dev(*words: str) -> str:
    """Run a command of this checkout; returns what it answers as JSON. Raises CalledProcessError."""
    command = [sys.executable, "-P", "-m", "shop_dev", *words, "--json"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
