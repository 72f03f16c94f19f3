"""What a project does in its own way: filling an empty sandbox, what to try first, and how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shop_dev.settings.values import WrongValue


@dataclass(frozen=True)
class Seed:
    """A program that fills an empty sandbox. It runs when all of `needs` are ready."""

    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FirstTry:
    """What `up` suggests. In `command`, `${NAME}` stands for a variable."""

    command: str
    say: str = "Try:"
    answer: str = ""
    then: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadTests:
    """How `load` loads what the project runs.

    `journeys` is a package; `door` the endpoint of the sandbox that load goes to; `profiles` a folder of profiles, relative to the
    checkout; `targets` are hosts beside this machine that may be loaded.
    """

    journeys: str
    door: str = ""
    profiles: Path | None = None
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Books:
    """A program that says whether the project's data is as it should be: `open` before something happens, `close` after it."""

    command: tuple[str, ...]


def books(value: object) -> Books:
    """Take the table `books`."""
    command = _list(_table(value, ("command",)), "command")
    if not command:
        raise WrongValue("takes `command`, a list of a program and its arguments")
    return Books(command)


def seed(value: object) -> Seed:
    """Take the table `seed`."""
    table = _table(value, ("command", "needs"))
    command = _list(table, "command")
    if not command:
        raise WrongValue("takes `command`, a list of a program and its arguments")
    return Seed(command, _list(table, "needs"))


def first_try(value: object) -> FirstTry:
    """Take the table `first-try`."""
    table = _table(value, ("say", "command", "answer", "then"))
    command = _text(table, "command", "")
    if not command:
        raise WrongValue("takes `command`, the line to try")
    return FirstTry(command, _text(table, "say", FirstTry.say), _text(table, "answer", ""), _list(table, "then"))


def load(value: object) -> LoadTests:
    """Take the table `load`."""
    table = _table(value, ("journeys", "door", "profiles", "targets"))
    journeys, profiles = _text(table, "journeys", ""), _text(table, "profiles", "")
    if not journeys or not all(part.isidentifier() for part in journeys.split(".")):
        raise WrongValue("takes `journeys`, a package with a module for each journey, like our_load.journeys")
    return LoadTests(journeys, _text(table, "door", ""), Path(profiles) if profiles else None, _list(table, "targets"))


def _table(value: object, known: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise WrongValue(f"takes a table of {', '.join(known)}")
    if unknown := sorted(set(value) - set(known)):
        raise WrongValue(f"takes a table of {', '.join(known)}, and {unknown[0]!r} is none of them")
    return value


def _list(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise WrongValue(f"takes a list of texts for `{key}`")
    return tuple(found)


def _text(table: Mapping[str, object], key: str, default: str) -> str:
    found = table.get(key, default)
    if not isinstance(found, str):
        raise WrongValue(f"takes text for `{key}`")
    return found.strip()
