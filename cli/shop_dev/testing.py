"""Runs the project's tests with pytest, in a process of its own, and says how it went."""

from __future__ import annotations

import subprocess  # nosec B404 # runs pytest; the argument list is built here
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree  # nosec B405 # reads only the report that pytest has just written for us

from shop_dev.errors import CliCode, ExitStatus, Failure
from shop_dev.output.answer import Answer

PYTEST_WRONG_USE = 4
PYTEST_NO_TESTS = 5
"""pytest's exit statuses: docs.pytest.org, "Exit codes"."""
STDERR = 2
COUNTS = ("tests", "failures", "errors", "skipped")


def run_tests(checkout: Path, arguments: Sequence[str], *, quiet: bool) -> Answer:
    """Run pytest in the checkout. With `quiet` its output goes to stderr, so that stdout stays free for the envelope."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-test-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
        status = _run(command, checkout, quiet=quiet)
        data = {"exitStatus": status, "arguments": list(arguments), **_counts(report)}
    return Answer(data=data, failure=_failure(status))


def _run(command: Sequence[str], checkout: Path, *, quiet: bool) -> int:
    """The exit status of pytest. Ctrl-C reaches it directly; it gets the time to clean up, and a second one shortens that."""
    with subprocess.Popen(command, cwd=checkout, stdout=STDERR if quiet else None) as process:  # nosec B603 # as above
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def _counts(report: Path) -> dict[str, object]:
    if not report.exists():
        return {}
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314  # nosec B314 # our own report, see above
    totals = dict.fromkeys(COUNTS, 0)
    for suite in suites:
        for count in COUNTS:
            totals[count] += int(suite.get(count, "0"))
    return dict(totals)


def _failure(status: int) -> Failure | None:
    if status == ExitStatus.DONE:
        return None
    if status == PYTEST_WRONG_USE:
        return Failure.told(CliCode.USAGE_INVALID, "pytest does not take these arguments.", actions=("shop-dev test -- --help",))
    if status == PYTEST_NO_TESTS:
        return Failure.told(CliCode.TESTS_FAILED, "No test was found.", actions=("Look at the paths and at -k.",))
    return Failure.told(CliCode.TESTS_FAILED, "The tests are red.")
