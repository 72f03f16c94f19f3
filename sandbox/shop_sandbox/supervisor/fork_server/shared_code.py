"""A project's own code that its services share: imported once before they are forked, and anew by those that find it edited."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path


class SharedCode:
    """Modules that this process has imported for its children, and the files they came from."""

    def __init__(self) -> None:
        self._origins: dict[str, str | None] = {}
        self._stamps: dict[str, tuple[int, int] | None] = {}

    def load(self, modules: Iterable[str], path: Sequence[str]) -> None:
        """Import these, found on `path` first. One that cannot be imported is left to the children, who tell why."""
        began, before = time.time_ns(), set(sys.modules)
        packages = {name.partition(".")[0] for name in modules}
        with _found_on(path):
            for name in modules:
                with contextlib.suppress(Exception, SystemExit):
                    importlib.import_module(name)
        self._origins = {name: getattr(sys.modules.get(name), "__file__", None) for name in packages & sys.modules.keys()}
        new = (module for name, module in list(sys.modules.items()) if name not in before and name.partition(".")[0] in packages)
        files = [file for module in new if (file := getattr(module, "__file__", None)) is not None]
        self._stamps = {file: _stamp(file, older_than=began) for file in files}

    def forget_if_edited(self) -> None:
        """Have all of it imported anew, where one file is not what it was, or is not what is found by the path of now."""
        if self._is_current():
            return
        for name in [name for name in sys.modules if name.partition(".")[0] in self._origins]:
            del sys.modules[name]

    def _is_current(self) -> bool:
        found = {name: getattr(PathFinder.find_spec(name), "origin", None) for name in self._origins}
        return found == self._origins and all(stamp is not None and _stamp(file) == stamp for file, stamp in self._stamps.items())


def _stamp(file: str, *, older_than: int | None = None) -> tuple[int, int] | None:
    """Return what tells one edition of a file from another; None: it is gone, or was perhaps edited while it was read."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    if older_than is not None and found.st_mtime_ns >= older_than:
        return None
    return found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def _found_on(path: Sequence[str]) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = path
    try:
        yield
    finally:
        sys.path[:] = before
