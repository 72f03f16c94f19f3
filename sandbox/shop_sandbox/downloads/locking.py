"""One process at a time: a lock that its holder's death releases."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_sandbox.disk import disk_full_explained


@contextmanager
def exclusive(lock_file: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive flock(2) on `lock_file`, which stays behind empty. `on_wait` is called once if another holds it.

    Two holders in one process exclude each other as well, since each opens the file itself. Raises SandboxError
    (FOLDER_UNUSABLE, DISK_FULL) where the file cannot be made.
    """
    with disk_full_explained(lock_file.parent, f"the lock {lock_file.name}", in_cache=True):
        lock_file.parent.mkdir(parents=True, exist_ok=True)
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
