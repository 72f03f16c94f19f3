"""Kills the supervisor at random moments of up, run, reload and down, and says what was left and what was lost. `just bench-kills`.

Four writers count up in all stores meanwhile. Prints a table and writes it into docs/reference/performance.md. A hundred kills take
a quarter of an hour, so it may be run in pieces: `--kills 25 --seed 2 --add` goes on from what earlier pieces have found.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import statistics
import tempfile
from pathlib import Path

import msgspec
from bench import figures
from e2e.killings import PHASES, Killer
from e2e.test_supervisor_killed import settings_of_a_sandbox
from shop_sandbox.client import stop
from shop_sandbox.errors import SandboxError

FOUND = Path(__file__).resolve().parents[2] / ".shop-dev" / "bench-kills.json"


class Piece(msgspec.Struct):
    """What one run has found: by phase the seconds until nothing ran any more, by store how many numbers it had acknowledged."""

    seed: int
    ended: dict[str, list[float]]
    acknowledged: dict[str, int]


def main() -> None:
    """Kill, look, print and write. Ends with an error where somebody survived or something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--add", action="store_true", help="add to what earlier pieces have found")
    parser.add_argument("--no-page", action="store_true", help="print only")
    given = parser.parse_args()
    earlier = msgspec.json.decode(FOUND.read_bytes(), type=list[Piece]) if given.add and FOUND.exists() else []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_a_sandbox(Path(folder))
        killer = Killer(settings, random.Random(given.seed))
        try:
            pieces = [*earlier, _measured(killer, given.kills, given.seed)]
        finally:
            with contextlib.suppress(SandboxError):
                list(stop(settings.paths))  # also one whose code was changed meanwhile
            shutil.rmtree(settings.paths.root, ignore_errors=True)
    FOUND.parent.mkdir(exist_ok=True)
    FOUND.write_bytes(msgspec.json.encode(pieces))
    text = _told(pieces, load_before=load)
    print(text)
    if not given.no_page:
        figures.write("kills", text)


def _measured(killer: Killer, kills: int, seed: int) -> Piece:
    killer.first_up()
    piece = Piece(seed, {phase: [] for phase in PHASES}, {})
    for number in range(kills):
        phase = PHASES[number % len(PHASES)]
        piece.ended[phase].append(killer.kill_once(phase))
        print(f"kill {number + 1} of {kills}, during {phase}: all ended in {piece.ended[phase][-1]:.2f} s", flush=True)
    lost = killer.lost()
    if lost:
        raise SystemExit(f"acknowledged and gone: {lost}")
    piece.acknowledged = dict(killer.acknowledged.newest)
    return piece


def _told(pieces: list[Piece], *, load_before: float) -> str:
    by_phase = {phase: [one for piece in pieces for one in piece.ended[phase]] for phase in PHASES}
    rows = [
        (phase, str(len(seconds)), f"{statistics.median(seconds):.2f} s", f"{max(seconds):.2f} s", "0")
        for phase, seconds in by_phase.items()
        if seconds
    ]
    stores = sorted({store for piece in pieces for store in piece.acknowledged})
    written = ", ".join(f"{store} {sum(piece.acknowledged.get(store, 0) for piece in pieces):,}" for store in stores)
    again = [f"just bench-kills --kills {sum(map(len, one.ended.values()))} --seed {one.seed}" for one in pieces]
    commands = " --add`, `".join(again) + (" --add" if len(again) > 1 else "")
    headings = ("killed during", "kills", "until nothing ran any more, median", "worst", "processes left")
    return (
        f"{figures.head(commands, load_before=load_before)}\n\n{figures.table(headings, rows)}\n\n"
        f"Acknowledged meanwhile and all there afterwards: {written}."
    )


if __name__ == "__main__":
    main()
