"""Small files that a later shop-dev reads again: each says the version of its form, and is replaced as a whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from shop_sandbox.disk import write_atomically
from shop_sandbox.errors import ErrorCode, SandboxError


class Record(msgspec.Struct, kw_only=True, rename="camel"):
    """Root of what is kept in such a file. `version` counts the changes of its form: a change gives the field a new default."""

    version: int = 1


class Unreadable(Exception):
    """The file is there, and says nothing that can be relied on. The text says why."""


R = TypeVar("R", bound=Record)


def read(path: Path, form: type[R]) -> R | None:
    """Give the record, or None where there is no file. Raises Unreadable, and SandboxError (WRITTEN_BY_ANOTHER_VERSION)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    expected = next(field.default for field in msgspec.structs.fields(form) if field.name == "version")
    try:
        found = msgspec.json.decode(content, type=Record).version
        if found == expected:
            return msgspec.json.decode(content, type=form)
    except msgspec.DecodeError as error:
        raise Unreadable(f"{path} is broken: {error}") from error
    raise SandboxError(
        ErrorCode.WRITTEN_BY_ANOTHER_VERSION,
        f"{path} was written by another version of shop-dev (form {found}, this one reads form {expected})",
        actions=("use the version that wrote it",),
        detail={"path": str(path), "found": found, "expected": expected},
    )


def write(path: Path, record: Record) -> None:
    """Replace the file; only its owner can read it. Raises SandboxError (DISK_FULL); the old content stays then."""
    write_atomically(path, msgspec.json.encode(record))
