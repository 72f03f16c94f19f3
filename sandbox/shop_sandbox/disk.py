"""Writing to a disk that may be full: files replaced as a whole, and the sentence for the write that found no room."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import flag_of

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Error numbers of a write that found no room: on the disk, or in the user's share of it."""
_CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT})
"""Of a write into a folder that is not ours to write to, or is none, or cannot be made: below /proc the system says ENOENT."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as a whole; only its owner can read it. Raises SandboxError (DISK_FULL); the old content stays then."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")  # its own for each who writes at once
    try:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in FULL:
            raise disk_full(path) from error
        raise


def disk_full(path: Path) -> SandboxError:
    """Return the error for a write of the sandbox's own that found no room."""
    return SandboxError(
        ErrorCode.DISK_FULL,
        f"the disk that holds {path} is full",
        actions=(
            "free some space there, then run `shop-dev up` again",
            f"`shop-dev down --purge{flag_of(path)}` removes this sandbox's own data and logs",
        ),
        retryable=True,
        detail={"path": str(path)},
    )


@contextmanager
def disk_full_explained(folder: Path, what: str, *, in_cache: bool = False) -> Iterator[None]:
    """Turn "no space left" below into DISK_FULL with what was being done, and a cache that is closed to us into FOLDER_UNUSABLE.

    Every other error passes. `in_cache` says whose folder it is: the shared cache, which can be put elsewhere, or the data of one
    sandbox.
    """
    purge = f"remove this sandbox's data: `shop-dev down --purge{flag_of(folder)}`"
    way_out = "put the cache elsewhere: set SHOP_CACHE_DIR" if in_cache else purge
    try:
        yield
    except OSError as error:
        if in_cache and error.errno in _CLOSED:
            raise SandboxError(
                ErrorCode.FOLDER_UNUSABLE,
                f"{error.filename or folder} cannot be used: {error.strerror}; {what} could not be written",
                actions=(f"see to it that {folder} can be written by you", f"or {way_out}"),
                detail={"path": str(error.filename or folder)},
            ) from error
        if error.errno not in FULL:
            raise
        raise SandboxError(
            ErrorCode.DISK_FULL,
            f"the disk that holds {folder} is full: {what} could not be written",
            actions=("free some space there and try again", f"or {way_out}"),
            retryable=True,
            detail={"folder": str(folder)},
        ) from error
