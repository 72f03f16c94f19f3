"""Runs the cases against an emulator and keeps what came of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from botocore.parsers import ResponseParserError
from shop_sandbox.provision.aws_api import AwsRefused, AwsUnreachable

from parity.account import PREFIX, Account
from parity.case import Case, Differs, is_missing

SAME, DIFFERS, MISSING, NOT_RUN = "same", "differs", "missing", "not run"
_MOST = 200


class Grade(msgspec.Struct, frozen=True, omit_defaults=True):
    """`how` it differs, in words that go on after the emulator's name."""

    grade: str
    how: str = ""


def graded(case: Case, account: Account) -> Grade:
    """Make the calls of a case, and say what came of them."""
    try:
        case.calls(account)
    except Exception as error:  # noqa: BLE001 - whatever an emulator answers is a finding
        how = _how(error)
        return Grade(DIFFERS, _told(how)) if how else Grade(MISSING)
    return Grade(SAME)


def _how(error: Exception) -> str:
    """Say what an emulator did instead: nothing where it says itself that it has no such operation.

    Raises what tells nothing of the emulator.
    """
    match error:
        case Differs():
            return str(error)
        case ClientError():
            said = error.response.get("Error", {})
            message = "" if "<html" in str(said.get("Message")) else f": {said.get('Message')}"
            return "" if is_missing(error) else f"answers {error.operation_name} with {said.get('Code')}{message}"
        case AwsRefused():
            return "" if error.status == 501 else f"refuses with {error}"
        case ResponseParserError():
            return "answers with what is no answer of this protocol"
        case WaiterError() | BotoCoreError() | AwsUnreachable():
            return f"gives no answer that can be used: {error}"
        case KeyError() | IndexError() | ValueError() | TypeError():
            return f"leaves out what AWS answers with ({type(error).__name__}: {error})"
        case _:
            raise error


def graded_all(cases: Iterable[Case], account: Account, cannot: Mapping[str, str], say: Callable[[str], None]) -> dict[str, Grade]:
    """Grade all cases, by name, but for those of which `cannot` says why not."""
    found = {}
    for case in cases:
        found[case.name] = Grade(NOT_RUN, cannot[case.name]) if case.name in cannot else graded(case, account)
        say(f"{found[case.name].grade:8} {case.name} {found[case.name].how}")
    return found


_PASSING = (
    (re.compile(rf"{PREFIX}[0-9a-f-]+", re.IGNORECASE), "…"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1"),
    (re.compile(r"localhost:\d+"), "localhost"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "…"),
    (re.compile(r"x{20,}"), "x…"),
    (re.compile(r"\s+"), " "),
)
"""What is another at each run, or too long to be read."""


def _told(text: str) -> str:
    for pattern, replaced in _PASSING:
        text = pattern.sub(replaced, text)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
