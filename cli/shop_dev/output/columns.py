"""Text in columns with a little colour, for short answers: rich would take longer to load than they take to find."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

_CODES = {"dim": "2", "red": "31", "green": "32", "yellow": "33", "bold red": "1;31"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Cell:
    """A piece of a line. `style` is one of dim, red, green, yellow, bold red, or nothing."""

    text: str
    style: str = ""

    def painted(self, *, colours: bool) -> str:
        """Return the text for a terminal; what a process said may not steer that."""
        text = _CONTROL.sub(" ", self.text)
        return f"\x1b[{_CODES[self.style]}m{text}\x1b[0m" if colours and self.style in _CODES and text.strip() else text


@dataclass(frozen=True)
class Page:
    """Lines of cells; who prints them decides about colours."""

    lines: tuple[tuple[Cell, ...], ...]

    def text(self, *, colours: bool = False) -> str:
        """Return the page as it is printed."""
        return "\n".join("".join(cell.painted(colours=colours) for cell in line).rstrip() for line in self.lines)


def columns(rows: Sequence[Sequence[Cell]], *, right: frozenset[int] = frozenset()) -> list[tuple[Cell, ...]]:
    """Return rows as lines, each column as wide as its widest cell, those in `right` aligned to the right."""
    widths = [max(len(cell.text) for cell in column) for column in zip_longest(*rows, fillvalue=Cell(""))]
    return [tuple(_padded(cell, widths[at], right=at in right) for at, cell in enumerate(row)) for row in rows]


def _padded(cell: Cell, width: int, *, right: bool) -> Cell:
    return Cell((cell.text.rjust(width) if right else cell.text.ljust(width)) + "  ", cell.style)
