"""Which files of a checkout are no input of any program that runs: what git ignores, and what is only read by people."""

from __future__ import annotations

import subprocess  # nosec B404 # asks git about a file
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from shop_sandbox.resources.watched import NEVER_WATCHED, spec

_GIT_SECONDS = 2.0


class Ignored:
    """Answers by the rules of a checkout, read again whenever they change."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout

    def covers(self, file: Path, *, watched: Path, further: tuple[str, ...]) -> bool:
        """Return True where a change of `file`, found below `watched`, concerns nobody. `further` are patterns relative to
        `watched`."""
        if file == watched:
            return False
        inside = file.relative_to(watched).as_posix()
        named = spec((*NEVER_WATCHED, *further)).check_file(inside).include
        return named is True or (named is None and self._git_ignores(file))

    def _git_ignores(self, file: Path) -> bool:
        verdict = False
        for folder in self._folders_above(file):
            rules = _rules(folder / ".gitignore")
            if rules is not None:
                found = rules.check_file(file.relative_to(folder).as_posix()).include
                verdict = verdict if found is None else found
        return verdict

    def _folders_above(self, file: Path) -> Iterator[Path]:
        """The checkout first, then inwards; for a file outside it, all that may belong to its repository."""
        folders = [*reversed(file.parents)]
        repository = next((folder for folder in reversed(folders) if (folder / ".git").exists()), self._checkout)
        yield from (folder for folder in folders if folder.is_relative_to(repository))


def is_kept_by_git(file: Path) -> bool:
    """Return True for a file that is committed or staged, so that somebody writes it; False where there is no git to ask."""
    try:
        asked = subprocess.run(  # nosec B603 B607 # a fixed command; the name of a file is its only argument
            ["git", "ls-files", "--error-unmatch", "--", file.name],
            cwd=file.parent,
            capture_output=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _rules(file: Path) -> GitIgnoreSpec | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return _read(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read(file: Path, _mtime_ns: int, _size: int) -> GitIgnoreSpec | None:
    try:
        return GitIgnoreSpec.from_lines(file.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return None
