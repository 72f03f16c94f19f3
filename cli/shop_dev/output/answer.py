"""What a command has to say, before anybody decides how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shop_dev.errors import ExitStatus, Failure

Text = str | Iterator[str] | Callable[[], object]
"""Finished text, lines that may go on for as long as somebody reads, or a function that builds something rich can print."""


@dataclass(frozen=True)
class Answer:
    """The end of a command: `data` for scripts (JSON types), `text` for people, and `failure` where it went wrong."""

    data: object = None
    text: Text = ""
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def exit_status(self) -> ExitStatus:
        return self.failure.exit_status if self.failure else ExitStatus.DONE
