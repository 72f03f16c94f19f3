"""Files that somebody else chose: a path may lead to a pipe that nobody writes to, a device without end, or in a circle."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LONGEST_FILE = 32 * 1024 * 1024
"""Bytes of one file. The largest public OpenAPI documents have about 10 MB."""


def read_regular_file(path: Path, *, at_most: int = LONGEST_FILE) -> bytes:
    """Return the bytes of a file, without ever waiting, and without reading more than one byte beyond `at_most`.

    Raises OSError for what is not there, is no regular file or has more bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        content = bytearray()
        while len(content) <= at_most and (part := file.read(at_most + 1 - len(content))):
            content += part
    if len(content) > at_most:
        raise OSError(errno.EFBIG, f"it has more than the {at_most:,} bytes that are read", str(path))
    return bytes(content)


def real_path(path: Path) -> Path:
    """Return the absolute path without symbolic links; links that lead in a circle stay as they are."""
    return Path(os.path.realpath(path))
