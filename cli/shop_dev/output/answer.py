"""What a command has to say, before anybody decides how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shop_dev.errors import ExitStatus, Failure
from shop_dev.output.columns import Page


@dataclass(frozen=True)
class Listing:
    """Data of any length: written entry by entry as the list `name`, so that nobody holds all of it."""

    name: str
    entries: Iterator[object]


@dataclass(frozen=True)
class Stream:
    """What has no end: each entry is a line of its own, of text or of JSON, as soon as it is there."""

    entries: Iterator[object]


Text = str | Page | Iterator[str] | Stream | Callable[[], object]
"""Finished text, with or without colours, lines of any number, lines without an end, or a function that builds something rich can
print."""


@dataclass(frozen=True)
class Answer:
    """The end of a command: `data` for scripts (JSON types), `text` for people, and `failure` where it went wrong."""

    data: object | Listing | Stream = None
    text: Text = ""
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def exit_status(self) -> ExitStatus:
        return self.failure.exit_status if self.failure else ExitStatus.DONE
