"""Ends that nobody asked for: how they are told, and when the next try is made."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from shop_sandbox.engines.handle import Exit
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.resources.model import Resource

FIRST_BACK_OFF_SECONDS: Final = 0.1
LONGEST_BACK_OFF_SECONDS: Final = 10.0
MOST_RESTARTS: Final = 6
"""Deaths in a row, about 6 s of trying, after which only a change or a command starts the resource again."""
STABLE_SECONDS: Final = 30.0
"""A life this long starts the count of deaths anew."""

_SAYS_WHAT_IS_WRONG: Final = re.compile(
    r"^(panic: |fatal error: |[Ee]rror\b|[A-Z]\w*(\.\w+)*(Error|Exception|Exit|Interrupt)\b)|: error\b"
)
_LONGEST_CAUSE: Final = 300
_HINT: Final = "  hint: "


@dataclass(frozen=True)
class Death:
    """An end that nobody asked for. `at` is seconds since the epoch; `line` why it was ended, or the line of its
    output that says most, if one does; `hints` are what its output says helps."""

    at: float
    exit: Exit
    line: str | None
    hints: tuple[str, ...] = ()


class Deaths:
    """The deaths of one resource in a row, and what follows from their number."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self.last: Death | None = None

    def count(self, exit_: Exit, lines: Sequence[str], *, seconds_ready: float | None) -> None:
        """Take note of a death after a life that was ready for so long; None for one that never was."""
        lived_long = seconds_ready is not None and seconds_ready > STABLE_SECONDS
        self.in_a_row = 1 if lived_long else self.in_a_row + 1
        self.last = Death(time.time(), exit_, exit_.reason or line_that_matters(lines), hints_in(lines))

    def forgive(self) -> None:
        """Something was changed or asked for: begin to count anew."""
        self.in_a_row = 0

    @property
    def too_many(self) -> bool:
        """True when trying again by itself helps nobody."""
        return self.in_a_row > MOST_RESTARTS

    def back_off_seconds(self) -> float:
        """How long to wait before the next try: doubling, with jitter, so that many do not try in step."""
        longest: float = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2 ** (self.in_a_row - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # nosec B311 # jitter, not a secret


def line_that_matters(lines: Iterable[str]) -> str | None:
    """Return the line of a process's last output that says what is wrong: the newest that names an error, else the newest that is
    neither indented nor part of a stack."""
    spoken = [_spoken(line) for line in lines]
    wrong = [line for line in spoken if _SAYS_WHAT_IS_WRONG.search(line)]
    plain = [line for line in spoken if line.strip() and not line[0].isspace()]
    found = (wrong or plain or [""])[-1].strip()
    return found[:_LONGEST_CAUSE] or None


def hints_in(lines: Iterable[str]) -> tuple[str, ...]:
    """Return what the last output of a task of ours says helps, each once: lines below what was refused."""
    return tuple(dict.fromkeys(line.removeprefix(_HINT) for line in lines if line.startswith(_HINT)))


def _spoken(line: str) -> str:
    """Return what a line says: of a record in JSON its message."""
    if not line.startswith("{"):
        return line
    try:
        record = json.loads(line)
    except ValueError:
        return line
    return str(record.get("error") or record.get("message") or record.get("msg") or line)


def death_at_start(resource: Resource, exit_: Exit, lines: tuple[str, ...], log_path: str) -> SandboxError:
    """Return the error for a process that ended before it was ready, or a task that failed."""
    cause = exit_.reason or line_that_matters(lines)
    told = (
        f"failed: {cause or exit_}"
        if resource.is_task
        else f"ended before it was ready ({exit_})" + (f": {cause}" if cause and cause != exit_.reason else "")
    )
    return SandboxError(
        ErrorCode.PROVISION_FAILED if resource.is_task else ErrorCode.RESOURCE_DIED,
        f"{resource.name} {told}",
        actions=(*hints_in(lines), f"the whole log is in {log_path}"),
        detail=_detail(resource, exit_, lines, log_path),
    )


def crash_loop(resource: Resource, deaths: int, exit_: Exit, lines: tuple[str, ...], log_path: str) -> SandboxError:
    """Return the error for a resource that is not started again by itself any more."""
    cause = None if exit_.reason is not None else line_that_matters(lines)
    return SandboxError(
        ErrorCode.RESOURCE_DIED,
        f"{resource.name} died {deaths} times in a row, last: {exit_}" + (f": {cause}" if cause else ""),
        actions=(
            f"the whole log is in {log_path}",
            f"`shop-dev restart {resource.name}` tries again, and so does a change of its code",
        ),
        detail=_detail(resource, exit_, lines, log_path),
    )


def waits_in_vain(resource: Resource, need: str, cause: SandboxError) -> SandboxError:
    """Return the error for a resource whose need has failed: it names the cause, and its detail is that of the cause."""
    told = cause.message.removeprefix(f"{need} ")
    which = told if told != cause.message else f"failed: {cause.message}"
    return SandboxError(
        cause.code,
        f"{resource.name} waits for {need}, which {which}",
        actions=cause.actions,
        retryable=cause.retryable,
        detail={**cause.detail, "waitsFor": need},
    )


def _detail(resource: Resource, exit_: Exit, lines: tuple[str, ...], log_path: str) -> dict[str, object]:
    return {
        "resource": resource.name,
        "exitCode": exit_.code,
        "signal": exit_.signal,
        "lastLines": list(lines),
        "logPath": log_path,
    }
