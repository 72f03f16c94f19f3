"""A journal of changes: an append-only file of frames, each there as a whole or not at all.

A frame is handed to the kernel before its change is acknowledged, so that no way of ending this process loses it. (A power cut may
take the last seconds, as with every store of the sandbox.) When the journal has grown to a multiple of what it describes, it is
rewritten: a *base* with everything that is there goes into a file of its own, a bit at a time, while new frames go behind it.
Frames hold whole values, so the base need not be of one moment: what changes while it is written comes once more behind it.

Files are `<number>.journal` and `<number>.base`. Reading begins with the newest base that is whole and goes on with every journal
of a higher number.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Final

FORM: Final = 1
"""The form of the frames, and of what is in them."""
REWRITTEN_AT_BYTES: Final = 16 << 20
"""Below this a journal is left alone, however little of it still counts."""
REWRITTEN_AT_TIMES_BASE: Final = 3

_HEAD = struct.Struct("<8sI")
_MAGIC = b"shopdev\0"
_FRAME = struct.Struct("<II")
_END_OF_BASE: Final = b""


class Unreadable(Exception):
    """The journal is damaged, or of another form; the text says which file and why. It is left as it is."""


class Journal:
    """The journal in one folder. One process at a time; all methods belong to one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._newest = 0
        self._tail: int | None = None
        self._base_bytes = 0
        self._since_base = 0
        self._is_rewritten = False

    def read(self) -> Iterator[bytes]:
        """Give every frame that counts, oldest first; then `append` goes on behind them. Raises Unreadable.

        A frame at the very end that is not whole was never acknowledged, and is cut off.
        """
        bases = [number for number in self._numbers("base") if _is_whole(self._base(number))]
        first = bases[-1] if bases else 0
        for number in self._numbers("base"):
            if number != first:
                self._base(number).unlink()  # broken off, or replaced by the newer one
        if first:
            yield from self._read_one(self._base(first), is_last=False)
            self._base_bytes = self._base(first).stat().st_size
        journals = self._numbers("journal")
        for number in journals:
            path, is_last = self._path(number), number == journals[-1]
            if number < first or (is_last and path.stat().st_size < _HEAD.size):
                path.unlink()  # replaced by the base; or begun, and nothing was ever written to it
                continue
            yield from self._read_one(path, is_last=is_last)
            self._since_base += path.stat().st_size
        self._newest = max([first, *journals])

    def append(self, frame: bytes) -> None:
        """Hand a frame to the kernel. Raises OSError; what was written of it then does not count."""
        if self._tail is None:
            self._tail = self._begin()
        written = _frame(frame)
        _write_all(self._tail, written)
        self._since_base += len(written)

    @property
    def wants_rewriting(self) -> bool:
        """True when most of what it holds no longer counts."""
        return not self._is_rewritten and self._since_base > max(REWRITTEN_AT_BYTES, REWRITTEN_AT_TIMES_BASE * self._base_bytes)

    def rewrite(self, everything: Iterable[bytes]) -> Generator[None, None, None]:
        """Write a new base of these frames, one at each step; the journal is appended to meanwhile. At the end the old files go."""
        self._is_rewritten = True
        old = [*map(self._path, self._numbers("journal")), *map(self._base, self._numbers("base"))]
        self._newest += 1
        base = self._base(self._newest)
        base.touch(mode=0o600)
        with base.open("wb", buffering=1 << 16) as file:
            file.write(_HEAD.pack(_MAGIC, FORM))
            if self._tail is not None:
                os.close(self._tail)
            self._tail, self._since_base = self._begin(), 0
            for frame in everything:
                file.write(_frame(frame))
                yield
            file.write(_frame(_END_OF_BASE))
        self._is_rewritten = False
        self._base_bytes = base.stat().st_size
        for path in old:
            path.unlink()

    def _begin(self) -> int:
        self._newest += 1
        descriptor = os.open(self._path(self._newest), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _write_all(descriptor, _HEAD.pack(_MAGIC, FORM))
        return descriptor

    def _read_one(self, path: Path, *, is_last: bool) -> Iterator[bytes]:
        content = path.read_bytes()
        magic, form = _HEAD.unpack_from(content) if len(content) >= _HEAD.size else (b"", 0)
        if magic != _MAGIC or form != FORM:
            raise Unreadable(f"{path} is of form {form if magic == _MAGIC else 'unknown'}, and this version reads form {FORM}")
        at = _HEAD.size
        while at < len(content):
            frame = _frame_at(content, at)
            if frame is None:
                if not is_last or not _is_torn(content, at):
                    raise Unreadable(f"{path} is damaged at byte {at}")
                os.truncate(path, at)
                return
            at += _FRAME.size + len(frame)
            if frame != _END_OF_BASE:
                yield frame

    def _numbers(self, kind: str) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob(f"*.{kind}"))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}.journal"

    def _base(self, number: int) -> Path:
        return self._folder / f"{number:08}.base"


def _frame(content: bytes) -> bytes:
    return _FRAME.pack(len(content), zlib.crc32(content)) + content


def _frame_at(content: bytes, at: int) -> bytes | None:
    """Give the frame that begins there, None where none does that is whole."""
    if at + _FRAME.size > len(content):
        return None
    size, checksum = _FRAME.unpack_from(content, at)
    frame = content[at + _FRAME.size : at + _FRAME.size + size]
    return frame if len(frame) == size and zlib.crc32(frame) == checksum else None


def _is_torn(content: bytes, at: int) -> bool:
    """Return whether what begins there is the last thing written, and not all of it arrived."""
    if at + _FRAME.size > len(content) or not content[at:].strip(b"\0"):
        return True
    size, _ = _FRAME.unpack_from(content, at)
    return bool(at + _FRAME.size + size >= len(content))


def _is_whole(base: Path) -> bool:
    end = _frame(_END_OF_BASE)
    with base.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(end)))
        return file.read() == end


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
