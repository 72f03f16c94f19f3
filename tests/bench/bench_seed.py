"""How long a shop takes to fill, and what that costs whom: `shop-dev seed` into a sandbox of its own. `just bench-seed`.

The time is that of the command. Processor time is that of each process until search has taken in what it heard, which goes on a
little longer. Prints, and writes docs/reference/performance.md; asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from collections.abc import Mapping

import psutil
from bench.figures import head, table, write
from e2e.shop import Sandbox

STILL_SECONDS = 3.0
STILL_SHARE = 0.1
"""A process that used less of a processor in that time has nothing more to do."""
SHOWN = 7
GOAL = "30 s"


def main() -> None:
    """Fill, weigh, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=50_000)
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="put the figures into the page")
    asked = parser.parse_args()
    load_before, sandbox = os.getloadavg()[0], Sandbox(f"seed-{uuid.uuid4().hex[:6]}")
    try:
        sandbox.cli("up")
        _until_still(sandbox)
        before = _cpu(sandbox)
        seconds = float(sandbox.cli("seed", "--products", str(asked.products))["seconds"])
        print(f"{asked.products:,} products took {seconds:.1f} s.", flush=True)
        after = _until_still(sandbox)
    finally:
        sandbox.cli("down", "--purge")
    spent = {name: one - before.get(name, 0.0) for name, one in after.items()}
    most = sorted(spent, key=lambda name: spent[name], reverse=True)[:SHOWN]
    rows = [(name, f"{spent[name]:.1f} s", f"{spent[name] / asked.products * 1e6:.0f} ms") for name in most]
    everything = sum(spent.values())
    rows.append(("together", f"{everything:.1f} s", f"{everything / asked.products * 1e6:.0f} ms"))
    told = f"{asked.products:,} products took {seconds:.1f} s (goal {GOAL})."
    page = f"{told}\n\n{table(('process', 'processor time', 'for 1,000 products'), rows)}"
    print(page)
    if asked.write:
        write("seed", f"{head('just bench-seed', load_before=load_before)}\n\n{page}")


def _until_still(sandbox: Sandbox) -> Mapping[str, float]:
    """Return the processor seconds of each process once search has nothing more to take in."""
    while True:
        before = _cpu(sandbox)
        time.sleep(STILL_SECONDS)
        after = _cpu(sandbox)
        if after["search"] - before["search"] < STILL_SHARE * STILL_SECONDS:
            return after


def _cpu(sandbox: Sandbox) -> Mapping[str, float]:
    return {one["name"]: _seconds(one["pid"]) for one in sandbox.status()["resources"] if one["pid"]}


def _seconds(pid: int) -> float:
    """Return what a process and those that it has started have used so far."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system


if __name__ == "__main__":
    main()
