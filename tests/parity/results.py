"""What the last run found, kept beside the cases, and the page that is made of it."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from parity.case import CASES, Case
from parity.emulators import EMULATORS
from parity.grading import DIFFERS, MISSING, NOT_RUN, SAME, Grade
from parity.used import CHECKOUT, used

FILE = Path(__file__).with_name("results.json")
PAGE = CHECKOUT / "docs" / "reference" / "aws-parity.md"
_WORST = (SAME, NOT_RUN, DIFFERS, MISSING)


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One emulator: its version, how it was run, grades by case; or why it was not run."""

    version: str
    run_as: str
    grades: dict[str, Grade] = {}
    not_run: str = ""


class Results(msgspec.Struct, frozen=True):
    """Runs by emulator, and the digest of each case as it was when they were made."""

    cases: dict[str, str]
    runs: dict[str, Run]


def kept() -> Results:
    """Return what the last run found."""
    return msgspec.json.decode(FILE.read_bytes(), type=Results)


def keep(runs: Mapping[str, Run]) -> None:
    """Write what was found, and the page of it."""
    results = Results({name: digest_of(case) for name, case in CASES.items()}, dict(runs))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    PAGE.write_text(page(results), encoding="utf-8")


def digest_of(case: Case) -> str:
    """Return a digest of what a case says and calls."""
    calls = ast.dump(ast.parse(inspect.getsource(case.calls)))
    return hashlib.sha256(f"{case.operations} {case.says} {case.page} {calls}".encode()).hexdigest()[:12]


def faults(results: Results) -> Iterator[str]:
    """Yield what makes the table untrue or stale: operations without a grade, changed cases, other versions, another page."""
    tried = {operation for case in CASES.values() for operation in case.operations}
    for operation, files in used().items():
        if operation not in tried:
            yield f"{operation} is used ({files[0]}) and has no case, so no grade: write one in tests/parity/cases"
    for name, case in CASES.items():
        if results.cases.get(name) != digest_of(case):
            yield f"the case {name} was changed since it was last run"
    yield from (f"the case {name} is gone" for name in results.cases if name not in CASES)
    for name, emulator in EMULATORS.items():
        run = results.runs.get(name)
        if run is None:
            yield f"{emulator.name} has no column"
        elif run.version != emulator.version:
            yield f"{emulator.name} was graded as {run.version}, and {emulator.version} is what is pinned"
        elif not run.not_run:
            yield from (f"{emulator.name} has no grade for {case}" for case in CASES if case not in run.grades)
    if not PAGE.exists() or PAGE.read_text("utf-8") != page(results):
        yield f"docs/reference/{PAGE.name} is not what was found and is used now: `just parity --page` writes it"


# --- the page ----------------------------------------------------------------------------------------------------------------


def page(results: Results) -> str:
    """Return the page."""
    runs = {name: results.runs[name] for name in EMULATORS if name in results.runs}
    heads = [f"{EMULATORS[name].name} {run.version}" for name, run in runs.items()]
    parts = [
        _BEFORE,
        *(
            f"- **{head}**, {run.run_as}{f': not run, {run.not_run}' if run.not_run else '.'}"
            for head, run in zip(heads, runs.values(), strict=True)
        ),
        "",
        "## By operation",
        "",
        f"| operation | used by | cases | {' | '.join(heads)} |",
        f"|---|---|---:|{'---|' * len(heads)}",
        *_rows(runs),
        "",
        "## What differs",
        "",
        "What AWS documents, with its page, and what an emulator does instead.",
        "",
        *_differences(runs),
        "",
        "## What was tried",
        "",
        "| case | what AWS documents |",
        "|---|---|",
        *(f"| `{name}` | {_cell(case.says)} [{_title(case)}]({case.page}) |" for name, case in CASES.items()),
        "",
    ]
    return "\n".join(parts)


_BEFORE = """\
# AWS emulators beside AWS

<!-- Made by `just parity`; do not edit. -->

The same calls, made by boto3 or by the shop's own code, to each emulator. The judge is what AWS documents: each case names its
page. AWS itself was not called. An operation is **same** where all of its cases came out as documented, **differs** where one did
not, **missing** where the emulator says that it has no such thing. Which operations the shop uses is read from its code
(`tests/parity/used.py`), and a test fails where one has no grade; those used by functions are what AWS does on their behalf.
"""


def _rows(runs: Mapping[str, Run]) -> Iterator[str]:
    in_code = used()
    tried = {operation for case in CASES.values() for operation in case.operations}
    for operation in sorted(tried):
        cases = [name for name, case in CASES.items() if operation in case.operations]
        grades = [_worst(run, cases) for run in runs.values()]
        yield f"| `{operation}` | {'code' if operation in in_code else 'functions'} | {len(cases)} | {' | '.join(grades)} |"


def _worst(run: Run, cases: list[str]) -> str:
    if run.not_run:
        return NOT_RUN
    grades = [run.grades[name].grade for name in cases if name in run.grades]
    worst = max(grades, key=_WORST.index, default=NOT_RUN)
    return worst if worst == SAME else f"**{worst}** ({sum(one != SAME for one in grades)})"


def _differences(runs: Mapping[str, Run]) -> Iterator[str]:
    for name, case in CASES.items():
        told = [
            f"  - {EMULATORS[emulator].name}: {_text(run.grades[name])}"
            for emulator, run in runs.items()
            if name in run.grades and run.grades[name].grade != SAME
        ]
        if told:
            yield f"- {', '.join(f'`{one}`' for one in case.operations)}: {case.says} ([{_title(case)}]({case.page}))"
            yield from told


def _text(grade: Grade) -> str:
    if grade.grade == NOT_RUN:
        return f"not run: {grade.how}"
    return "missing" if grade.grade == MISSING else grade.how.replace("|", "\\|").replace("<", "&lt;")


def _title(case: Case) -> str:
    """Return the last part of a page's address, which is how AWS calls it."""
    return case.page.rpartition("/")[2].removesuffix(".html").removeprefix("API_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
