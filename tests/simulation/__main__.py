"""Runs histories: `python -m simulation [count] [--from seed]`, or tells one: `python -m simulation --seed n`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter


def main() -> int:
    """Run what was asked for. Returns 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1000, help="how many histories")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="tell the history of one seed")
    parser.add_argument("--go-on", action="store_true", help="do not end at the first broken invariant")
    parser.add_argument("--steps", action="store_true", help="with --seed: how many steps and seconds it took")
    parser.add_argument("--logs", action="store_true", help="with --seed: the services' own logs as well")
    parser.add_argument(
        "--defects", type=int, metavar="MOST", help="put known defects back, one at a time, for at most so many histories"
    )
    parser.add_argument("--only", default="", help="with --defects: their names, separated by commas")
    options = parser.parse_args()
    from simulation import defect_table, history
    from simulation.run import cpu_seconds, run, run_many, session
    from simulation.shrinking import shrink, tell

    with session(logs=options.logs):
        if options.defects:
            for line in defect_table.write(options.defects, [name for name in options.only.split(",") if name]):
                print(line, flush=True)
            return 0
        if options.seed is not None:
            result = run(history.draw(options.seed))
            print(tell(result))
            if result.is_good:
                print("  nothing: every invariant held")
            if options.steps:
                print(f"{result.steps} steps, {result.seconds:.6f} s")
            return 0 if result.is_good else 1
        began = cpu_seconds()
        bad = 0
        done = steps = 0
        happened: Counter[str] = Counter()
        seeds = iter(range(options.first, options.first + options.count))
        for result in run_many((history.draw(seed) for seed in seeds), until=lambda one: not (one.is_good or options.go_on)):
            done += 1
            steps += result.steps
            happened.update(fault.sort for fault in result.fired)
            if not result.is_good:
                bad += 1
                print(f"seed {result.history.seed}:", *result.violations, sep="\n  ")
                if not options.go_on:
                    print(f"The same, made as short as it can be:\n{tell(shrink(result))}")
        seconds = cpu_seconds() - began
        print("How often each fault happened:", *(f"{happened[sort]:7d}  {sort}" for sort in history.SORTS), sep="\n")
        rate = f"{seconds:.1f} CPU seconds, {done / seconds * 60:.0f} a minute, {steps / done:.0f} steps each"
        print(f"{done} histories in {rate}; {bad} broken an invariant")
    return 1 if bad else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of texts must come in the same order each time
        os.execve(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})
    status = main()
    sys.unraisablehook = lambda _: None  # what is left of the played processes goes with the interpreter
    raise SystemExit(status)
