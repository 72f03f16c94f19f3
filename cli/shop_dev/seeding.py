"""Running the project's own `seed` command: what fills an empty sandbox."""

from __future__ import annotations

import json
import subprocess  # nosec B404 # the project's own program, as its settings name it
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from string import Template

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.settings import Seed

_SHOWN_LINES = 5


class When(StrEnum):
    """What SHOP_SEED tells the command: whether it is to look first."""

    IF_EMPTY = "if-empty"
    ALWAYS = "always"


@dataclass(frozen=True)
class Seeded:
    """What the command said: lines for people, and facts for scripts and for the suggestion of `up`."""

    lines: tuple[str, ...]
    facts: Mapping[str, object]


def _say_nothing(_: str) -> None:
    """For those who want the lines at the end."""


def run_seed(
    seed: Seed,
    when: When,
    *,
    checkout: Path,
    environment: Mapping[str, str],
    arguments: Sequence[str] = (),
    say: Callable[[str], None] = _say_nothing,
) -> Seeded:
    """Run the command in the checkout with these variables; `say` gets each line as it comes.

    A line that is a JSON object holds facts, and later ones add to earlier. Raises ShopDevError (seed_failed).
    """
    command = [Template(word).safe_substitute(PYTHON=sys.executable) for word in seed.command]
    try:
        process = subprocess.Popen(  # nosec B603
            [*command, *arguments],
            cwd=checkout,
            env={**environment, "SHOP_SEED": when},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise _failed(f"{command[0]} cannot be run: {error.strerror}") from error
    with process:
        lines, facts = _read(process, say)
        told = process.stderr.read().strip() if process.stderr else ""
    if process.returncode:
        said = "\n".join(told.splitlines()[-_SHOWN_LINES:]) or f"`{' '.join(command)}` exited with status {process.returncode}"
        raise _failed(said, status=process.returncode)
    return Seeded(lines, facts)


def _read(process: subprocess.Popen[str], say: Callable[[str], None]) -> tuple[tuple[str, ...], Mapping[str, object]]:
    lines: list[str] = []
    facts: dict[str, object] = {}
    for line in process.stdout or ():
        found = _facts(line)
        if found is None:
            lines.append(line.rstrip("\n"))
            say(lines[-1])
        else:
            facts.update(found)
    return tuple(lines), facts


def _facts(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _failed(why: str, *, status: int | None = None) -> ShopDevError:
    return ShopDevError(CliCode.SEED_FAILED, why, actions=("shop-dev status", "shop-dev seed"), detail={"exitCode": status})
