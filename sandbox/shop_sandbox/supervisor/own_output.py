"""Telling what a program writes itself while it starts from what somebody edits: else it would be restarted for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

MOST_STARTS_SPOILT: Final = 5
"""A file that changes during so many starts in a row, none of which came to its end, is written by the start itself."""
_FIRST_DELAY_SECONDS: Final = 0.5
_LONGEST_DELAY_SECONDS: Final = 20.0
_PATIENT_STARTS: Final = 2


class OwnOutput:
    """What is known of the starts of one resource that changes have spoilt.

    `is_source` says of a file that people write it: one that git keeps is always an edit, however often an editor saves it.
    """

    def __init__(self, is_source: Callable[[Path], bool] = lambda _: False) -> None:
        self._is_source = is_source
        self._spoilt_in_a_row = 0
        self._seen: dict[Path, int] = {}
        self.files: set[Path] = set()
        """What is not watched for this resource any more."""

    def notice(self, files: Iterable[Path], *, while_starting: bool) -> tuple[Path, ...]:
        """Take note of files that changed. Returns those that are edits; the others it writes itself."""
        edits = [file for file in files if file not in self.files]
        if not while_starting:
            self._spoilt_in_a_row = 0
            self._seen.clear()
            return tuple(edits)
        self._spoilt_in_a_row += bool(edits)
        for file in edits:
            self._seen[file] = self._seen.get(file, 0) + 1
            if self._seen[file] == MOST_STARTS_SPOILT and not self._is_source(file):
                self.files.add(file)
        return tuple(file for file in edits if file not in self.files)

    def forget(self) -> None:
        """Somebody asked for a start: watch everything again."""
        self._spoilt_in_a_row = 0
        self._seen.clear()
        self.files.clear()

    @property
    def delay_seconds(self) -> float:
        """How long to let a start go on before the next one: none for edits, doubling once starts are spoilt in a row."""
        spoilt = self._spoilt_in_a_row - _PATIENT_STARTS
        return min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2 ** (spoilt - 1)) if spoilt > 0 else 0.0
