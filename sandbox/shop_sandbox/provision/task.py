"""What the provisioning tasks share: where they read what is wanted, and how they tell what they did.

A task prints one JSON line for each thing: `made`, `changed` or `unchanged`. What it refuses goes to stderr as sentences, all of
it, and the task then ends with status 1.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from shop_sandbox.errors import SandboxError
from shop_sandbox.manifest.loader import Manifest, load_manifests
from shop_sandbox.paths import DEFAULT_NAME, flag


class Outcome(StrEnum):
    """What became of one wanted thing."""

    MADE = "made"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT = "left"
    """It is sound, and is not made here: the details say why."""


@dataclass(frozen=True)
class Afresh:
    """That empty stores would help: those of one service, with what is lost in words, or without a name all of the sandbox."""

    service: str | None = None
    loses: str = ""

    def told(self, *, sandbox: str) -> str:
        """Return the offer. What destroys names the sandbox: pasted as it is, it must not empty another one."""
        if self.service is None:
            return f"start afresh with `shop-dev up --reset{flag(sandbox)}`"
        return f"start {self.service} afresh with `shop-dev up --reset {self.service}{flag(sandbox)}`, which loses {self.loses}"


EVERYTHING: Final = Afresh()


class Refused(Exception):
    """One thing could not be provisioned: which, why, and what to do, or that empty stores would help too. Others go on."""

    def __init__(self, kind: str, name: str, why: str, action: str, *, or_afresh: Afresh | None = None) -> None:
        super().__init__(why)
        self.kind, self.name, self.why, self.action, self.or_afresh = kind, name, why, action, or_afresh

    def __str__(self) -> str:
        return self.told(sandbox=DEFAULT_NAME)

    def told(self, *, sandbox: str) -> str:
        """Return the refusal with its hint."""
        afresh = f", or {self.or_afresh.told(sandbox=sandbox)}" if self.or_afresh else ""
        return f"{self.kind} {self.name}: {self.why}" + (f"\n  hint: {self.action}{afresh}" if self.action else "")


Report = Callable[[str, str, Outcome, str], None]
"""Called for each thing with its kind, its name, what became of it, and details in words (or an empty text)."""


@dataclass(frozen=True)
class Wanted:
    """What a task works from: the manifests, and where the stores are."""

    manifests: tuple[Manifest, ...]
    checkout: Path
    environment: Mapping[str, str]


def run_task(provision: Callable[[Wanted, Report], Awaitable[None]]) -> None:
    """Run one task in this process, from its environment: SHOP_CHECKOUT, SHOP_SERVICE_GLOBS and the sandbox's variables.

    Returns when everything wanted is there; otherwise raises SystemExit(1) after telling why on stderr.
    """
    environment = dict(os.environ)
    checkout = Path(environment["SHOP_CHECKOUT"])
    try:
        manifests = load_manifests(checkout, json.loads(environment["SHOP_SERVICE_GLOBS"]))
        asyncio.run(_run(provision, Wanted(manifests, checkout, environment)))
    except SandboxError as error:
        _tell(error.message)
        raise SystemExit(1) from error
    except (Refused, ExceptionGroup) as error:
        for refused in _refusals(error):
            _tell(refused.told(sandbox=environment.get("SHOP_NAME", DEFAULT_NAME)))
        raise SystemExit(1) from error


async def _run(provision: Callable[[Wanted, Report], Awaitable[None]], wanted: Wanted) -> None:
    await provision(wanted, print_report)


def print_report(kind: str, name: str, outcome: Outcome, detail: str) -> None:
    """Print one thing as a JSON line."""
    line = {"kind": kind, "name": name, "outcome": outcome, **({"detail": detail} if detail else {})}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def all_of(steps: Iterable[Awaitable[None]]) -> None:
    """Await independent steps side by side, each to its end. Raises an ExceptionGroup of all that was refused, none twice."""
    results = await asyncio.gather(*steps, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    refused: dict[int, Refused] = {}
    for failure in failures:
        if not isinstance(failure, Refused | ExceptionGroup):
            raise failure
        refused.update((id(one), one) for one in _refusals(failure))
    if refused:
        raise ExceptionGroup("refused", list(refused.values()))


def _refusals(error: Refused | ExceptionGroup[Exception]) -> Iterable[Refused]:
    """Return what was refused, out of all groups; anything else in a group is a fault of the program and raised as such."""
    if isinstance(error, Refused):
        yield error
        return
    for inner in error.exceptions:
        if not isinstance(inner, Refused | ExceptionGroup):
            raise inner
        yield from _refusals(inner)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
