"""Grades emulators and writes docs/reference/aws-parity.md: `python -m parity [ministack|moto|localstack]...`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import parity.cases  # noqa: F401 - they are kept as they are imported
from parity.account import Account
from parity.case import CASES, Case
from parity.emulators import EMULATORS, running
from parity.grading import graded_all
from parity.localstack import NotToBeHad
from parity.results import FILE, Run, keep, kept


def main() -> int:
    """Run what was asked for. Returns 0: a difference is a finding, not a failure."""
    parser = argparse.ArgumentParser(prog="parity", description=__doc__)
    parser.add_argument("emulators", nargs="*", choices=[*EMULATORS, []], help="those to grade anew; the others keep their grades")
    parser.add_argument("--only", default="", help="cases whose name has this in it; nothing is kept")
    parser.add_argument("--page", action="store_true", help="write the page anew of what was found, and run nothing")
    options = parser.parse_args()
    if options.page:
        keep(kept().runs)
        return 0
    cases = [case for name, case in CASES.items() if options.only in name]
    runs = dict(kept().runs) if FILE.exists() else {}
    for name in options.emulators or EMULATORS:
        runs[name] = _run(name, cases)
    if not options.only:
        keep(runs)
    return 0


def _run(name: str, cases: list[Case]) -> Run:
    emulator = EMULATORS[name]
    with tempfile.TemporaryDirectory(prefix="parity-") as home:
        try:
            with running(name, Path(home)) as address:
                grades = graded_all(
                    cases, Account(address), emulator.cannot, lambda line: print(f"{emulator.name:10} {line}", flush=True)
                )
        except NotToBeHad as error:
            print(f"{emulator.name} is not run: {error}", flush=True)
            return Run(version=emulator.version, run_as=emulator.run_as, not_run=str(error))
    return Run(version=emulator.version, run_as=emulator.run_as, grades=grades)


if __name__ == "__main__":
    sys.exit(main())
