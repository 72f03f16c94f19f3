"""Measures `contracts check` on the shop's own contracts, part by part. `just bench-contracts`.

Prints a table and writes it into docs/reference/performance.md. Nothing is asserted: budgets stand beside the figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from bench.bench_compat import text
from shop_contracts.checking import generated
from shop_contracts.checking.check import examine
from shop_contracts.compat import Level, Mode, check
from shop_contracts.compat.sources import load
from shop_contracts.tree.compiled import Compiled
from shop_dev.contracts.rehearsals import rehearsing
from shop_dev.contracts.tree import contracts_at, open_contracts, proto_files

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- contracts: begin -->", "<!-- contracts: end -->"
TODAY = date(2026, 1, 1)
Figure = tuple[str, list[float], list[float], str]
"""What, seconds by the clock, seconds of CPU, budget."""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    load_average = os.getloadavg()[0]
    section = table(measure(options.runs), runs=options.runs, load_average=load_average)
    sys.stdout.write(section)
    if not options.dry:
        write(section)


def measure(runs: int) -> list[Figure]:
    """All figures. Imports are done, as in a command's second half."""
    tree = open_contracts()
    contracts, services = tree.contracts, tree.contracts.declared.services
    styled = proto_files(contracts.root, contracts.declared)

    def static(ref: str | None = None) -> None:
        again = open_contracts()
        if ref is None:
            examine(again.contracts, styled=styled, lock=again.lock, today=TODAY, with_generated=False)
            return
        with contracts_at(again, ref) as commit:
            examine(again.contracts, styled=styled, lock=again.lock, today=TODAY, with_generated=False, commit=commit)

    def proved() -> None:
        with rehearsing(services, str(contracts.root)) as (casts, _):
            examine(contracts, styled=(), lock=tree.lock, today=TODAY, with_generated=False, casts=casts)

    with tempfile.TemporaryDirectory() as scratch:
        old, new = Path(scratch, "old.proto"), Path(scratch, "new.proto")
        old.write_text(text(added_to=range(0)), encoding="utf-8")
        new.write_text(text(added_to=range(7, 8)), encoding="utf-8")

        def compat() -> None:
            before, after = load(old, name="bench.proto"), load(new, name="bench.proto")
            for mode in (Mode.CONFLUENT, Mode.HOUSE):
                check([before], after, level=Level.BACKWARD, mode=mode)

        return [
            figure("everything but proofs and generated code, against the baselines", static, runs, "0.5 s"),
            figure("the same, also `--against HEAD`", lambda: static("HEAD"), runs, ""),
            figure("proofs of consumers and producers, with what they need of the above", proved, runs, ""),
            figure(
                "compiling for generated code, with `protoc` and its plugins",
                lambda: list(generated.stale(contracts, Compiled(contracts))),
                runs,
                "",
            ),
            figure("`contracts compat` on a file of 500 messages, both modes, compiling included", compat, runs, "0.2 s"),
        ]


def figure(what: str, work: Callable[[], object], runs: int, budget: str) -> Figure:
    """Time a piece of work; the first round is not counted, it fills caches."""
    work()
    clock, cpu = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    return what, clock, cpu, budget


def table(figures: Sequence[Figure], *, runs: int, load_average: float) -> str:
    """The section of the page."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows = [
        f"| {what} | {statistics.median(clock):.2f} s | {min(clock):.2f} s | {statistics.median(cpu):.2f} s | {budget} |"
        for what, clock, cpu, budget in figures
    ]
    return "\n".join(
        [
            "",
            f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; load average {load_average:.1f} before the first run.",
            f"To repeat, with the rest: `just bench-contracts --runs {runs}`.",
            "",
            "| what | median | best | CPU of this process | budget |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def write(section: str) -> None:
    """Put the section between its marks; the page's other sections belong to other benchmarks."""
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n## Contracts\n\n`contracts check` on the shop's own contracts.\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + section + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
