"""Remember which files were hashed and found right, so that starting does not read tens of megabytes again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

_BLOCK_BYTES = 1 << 20


class Mark(msgspec.Struct, frozen=True):
    """How a file looked when its SHA-256 was checked. Any write to it, or a copy in its place, changes one of the other three."""

    sha256: str
    size: int
    mtime_ns: int
    inode: int


class VerifiedFiles:
    """Marks of the files below one folder, kept in a JSON file there. An unreadable record counts as empty: files are hashed
    again."""

    def __init__(self, folder: Path, record: Path) -> None:
        self._folder = folder
        self._record = record
        self._marks = self._load()

    def holds(self, path: Path, sha256: str) -> bool:
        """Tell by the mark alone whether `path` is untouched since it was found to be `sha256`."""
        mark = self._marks.get(self._key(path))
        if mark is None or mark.sha256 != sha256:
            return False
        try:
            return mark == _mark(path, sha256)
        except OSError:
            return False

    def check(self, path: Path, sha256: str) -> bool:
        """Hash the file and mark it if it is right; forget it if it is wrong or missing. Call `save` afterwards."""
        try:
            before = _mark(path, sha256)
            is_right = sha256_of(path) == sha256
        except FileNotFoundError:
            is_right = False
        if is_right:
            self._marks[self._key(path)] = before
        else:
            self._marks.pop(self._key(path), None)
        return is_right

    def save(self) -> None:
        """Write the record at once or not at all."""
        self._record.parent.mkdir(parents=True, exist_ok=True)
        draft = self._record.with_name(f"{self._record.name}.{os.getpid()}.draft")
        draft.write_bytes(msgspec.json.encode(self._marks))
        draft.replace(self._record)

    def _load(self) -> dict[str, Mark]:
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=dict[str, Mark])
        except (OSError, msgspec.DecodeError):
            return {}

    def _key(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def sha256_of(path: Path) -> str:
    """Hash a file in blocks; lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _mark(path: Path, sha256: str) -> Mark:
    status = path.stat()
    return Mark(sha256=sha256, size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)
