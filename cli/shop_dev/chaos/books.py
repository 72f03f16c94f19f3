"""The project's own `books` command: what must hold of its data, read before a storm and after it."""

from __future__ import annotations

import subprocess  # nosec B404 # the project's own program, as its settings name it
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TypeVar

import msgspec

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.settings import Books

_SHOWN_LINES = 5
_MOST_SECONDS = 600.0


class Verdict(msgspec.Struct, frozen=True):
    """What the books say: a sentence for each thing that is wrong, and what was counted."""

    wrong: tuple[str, ...]
    counted: dict[str, int] = {}


class Visits(msgspec.Struct, frozen=True):
    """Calls of one operation that visitors made."""

    calls: int
    failed: int


@dataclass(frozen=True)
class BookKeeper:
    """Runs the command in the checkout with the variables of a sandbox."""

    books: Books
    checkout: Path
    environment: Mapping[str, str]

    def open(self) -> msgspec.Raw:
        """Read the books before something happens. Raises ShopDevError (books_unreadable)."""
        return _decoded(self._run("open", b""), msgspec.Raw)

    def close(self, opened: msgspec.Raw, visitors: Mapping[str, Visits]) -> Verdict:
        """Say what is wrong since, once all has come to rest. Raises ShopDevError (books_unreadable)."""
        told = msgspec.json.encode({"opened": opened, "visitors": dict(visitors)})
        return _decoded(self._run("close", told), Verdict)

    def _run(self, what: str, told: bytes) -> bytes:
        command = [Template(word).safe_substitute(PYTHON=sys.executable) for word in self.books.command]
        try:
            done = subprocess.run(  # nosec B603
                [*command, what],
                cwd=self.checkout,
                env=dict(self.environment),
                input=told,
                capture_output=True,
                check=False,
                timeout=_MOST_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unreadable(f"{command[0]}: {error}") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
            raise _unreadable("\n".join(said) or f"`{' '.join(command)} {what}` exited with status {done.returncode}")
        return done.stdout


T = TypeVar("T")


def _decoded(told: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(told, type=kind)
    except msgspec.MsgspecError as error:
        raise _unreadable(f"the command did not answer as it should: {error}") from error


def _unreadable(why: str) -> ShopDevError:
    return ShopDevError(CliCode.BOOKS_UNREADABLE, f"The books cannot be read: {why}", actions=("shop-dev status",))
