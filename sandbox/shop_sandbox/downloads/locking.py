"""One process at a time: a lock that its holder's death releases."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError


@contextmanager
def exclusive(lock_file: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive flock(2) on `lock_file`, which stays behind empty. `on_wait` is called once if another holds it.

    Two holders in one process exclude each other as well, since each opens the file itself. Raises SandboxError
    (FOLDER_UNUSABLE) where its folder cannot be made.
    """
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(
            ErrorCode.FOLDER_UNUSABLE,
            f"{lock_file.parent} cannot be made: {error.strerror}",
            actions=("choose a cache folder that you can write: SHOP_CACHE_DIR", "`shop-dev doctor`"),
            detail={"path": str(lock_file.parent)},
        ) from error
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def workplace(parent: Path, name: str) -> Iterator[Path]:
    """Give a scratch folder below `parent` to the only process that makes `name` now; removed then, with what a killed one left."""
    with exclusive(parent / f"{name}.lock"):
        for left in parent.glob(f"{name}.*.scratch"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=f"{name}.", suffix=".scratch") as folder:
            yield Path(folder)
