"""Kills the supervisor at random moments of up, run, reload and down, and says what was left and what was lost. `just bench-kills`.

Four writers count up in all stores meanwhile. Prints a table and writes it into docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.page import machine, table, write
from e2e.killings import PHASES, Killer
from e2e.test_supervisor_killed import settings_of_a_sandbox
from shop_sandbox.client import connect
from shop_sandbox.errors import SandboxError


def main() -> None:
    """Kill, look, print and write. Ends with an error where somebody survived or something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--no-page", action="store_true", help="print only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_a_sandbox(Path(folder))
        killer = Killer(settings, random.Random(given.seed))
        try:
            text = _measured(killer, given.kills, given.seed)
        finally:
            with contextlib.suppress(SandboxError):
                list(connect(settings.paths).down())
            shutil.rmtree(settings.paths.root, ignore_errors=True)
    print(text)
    if not given.no_page:
        write("kills", text)


def _measured(killer: Killer, kills: int, seed: int) -> str:
    load = os.getloadavg()[0]
    killer.first_up()
    ended: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(kills):
        phase = PHASES[number % len(PHASES)]
        ended[phase].append(killer.kill_once(phase))
        print(f"kill {number + 1} of {kills}, during {phase}: all ended in {ended[phase][-1]:.2f} s", flush=True)
    lost = killer.lost()
    if lost:
        raise SystemExit(f"acknowledged and gone: {lost}")
    rows = [
        (phase, f"{len(ended[phase])}", f"{statistics.median(ended[phase]):.2f} s", f"{max(ended[phase]):.2f} s", "0")
        for phase in PHASES
        if ended[phase]
    ]
    written = ", ".join(f"{store} {newest:,}" for store, newest in sorted(killer.acknowledged.newest.items()))
    return "\n".join(
        (
            f"{machine()}; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after.",
            f"To repeat: `just bench-kills --kills {kills} --seed {seed}`.",
            "",
            *table(("killed during", "kills", "until nothing ran any more, median", "worst", "processes left"), rows),
            "",
            f"Acknowledged meanwhile and all there afterwards: {written}.",
        )
    )


if __name__ == "__main__":
    main()
