"""Measures how long a look takes: `just bench-first-day`. Writes the section `first-day` of docs/reference/performance.md.

A shop with orders in it runs meanwhile. Each command is started from the outside, as somebody types it: its wall time, and the CPU
time of its process, which a machine with more to do than this does not change much.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from bench import figures
from bench.bench_up import CHECKOUT, NAME, shop_dev
from bench.figures import Figure

TOPIC = "shop.orders.events.v1"
SECTION = "first-day"
WORDS = (
    "topics",
    f"peek {TOPIC}",
    "lag",
    "explain ORDER",
    "trace ORDER",
    "tables",
    "queues",
    "buckets",
    "logs --since 1h",
    "status",
)
BUDGETS = {"logs --since 1h": "0.3 s", "topics": "0.4 s", f"peek {TOPIC}": "0.4 s", "lag": "0.4 s", "explain ORDER": "0.4 s"}


def main() -> None:
    """Start the shop, place an order, and look at it with every command in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="how often each command is typed")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    load = os.getloadavg()[0]
    started = shop_dev("up")["data"]
    try:
        order = _order(started["tryNext"])
        rows = [row for words in WORDS for row in _rows(words, order, options.runs)]
    finally:
        shop_dev("down", "--purge")
    again = "just bench-first-day" + ("" if options.runs == parser.get_default("runs") else f" --runs {options.runs}")
    text = f"{figures.head(again, load_before=load)}\n\n{figures.table(figures.HEADINGS, [row.cells() for row in rows])}"
    sys.stdout.write(f"{text}\n")
    if not options.dry:
        figures.write(SECTION, text)


def _order(suggestion: str) -> str:
    """Place the order that `up` suggests, and return its id as soon as it has ended."""
    said = subprocess.run(["/bin/sh", "-c", suggestion], capture_output=True, text=True, check=True).stdout
    order = said.partition('"id":"')[2].partition('"')[0]
    if not order:
        sys.exit(f"no order was placed: {said}")
    deadline = time.monotonic() + 60
    while shop_dev("trace", order)["data"]["outcome"] is None:
        if time.monotonic() > deadline:
            sys.exit(f"{order} does not end")
        time.sleep(0.2)
    return order


def _rows(words: str, order: str, runs: int) -> Sequence[Figure]:
    walls, cpus = [], []
    command = ["./shop-dev", *words.replace("ORDER", order).split(), "--name", NAME]
    for _ in range(runs):
        before, began = os.times(), time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - began)
        after = os.times()
        cpus.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return (Figure(f"`{words}`", walls, "s", BUDGETS.get(words, "")), Figure(f"`{words}`: CPU", cpus, "s", ""))


if __name__ == "__main__":
    main()
