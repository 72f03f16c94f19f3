"""The emulator's saved state as one thing that is whole or absent.

MiniStack writes a file a service when it is asked to end, logs what goes wrong and goes on, and on the next start takes a file it
cannot read for none. So a killed emulator would come back with the state of the time before, and a damaged file as an empty
service. Here a seal (names, sizes and hashes of the files) is written after a save and taken off at the next start: what is not
sealed is not used.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from shop_sandbox.downloads.verified import sha256_of

_SEAL = "sealed"


class Snapshot:
    """The folder MiniStack saves to. The seal lies beside it, since the folder itself is MiniStack's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seal = folder.with_name(f"{folder.name}.{_SEAL}")
        self._aside = folder.with_name(f"{folder.name}.unsealed")

    def is_whole(self) -> bool:
        """Return whether there is a sealed save and every file of it is as it was sealed; reads all of them."""
        try:
            sealed = msgspec.json.decode(self._seal.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            return False
        return sealed == self._sums()

    def open(self) -> None:
        """Take the seal off, for the run that begins now changes the state. State that was not sealed is put aside: the run begins
        empty."""
        if not self.is_whole() and self._folder.exists():
            shutil.rmtree(self._aside, ignore_errors=True)
            self._folder.replace(self._aside)
        self._seal.unlink(missing_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)

    def seal(self) -> None:
        """Declare what is saved now to be whole."""
        draft = self._seal.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(self._sums()))
        draft.replace(self._seal)

    def _sums(self) -> dict[str, str]:
        return {
            file.relative_to(self._folder).as_posix(): sha256_of(file) for file in sorted(self._folder.rglob("*")) if file.is_file()
        }
