"""Which git branch a checkout is on.

Git's own files are read (https://git-scm.com/docs/gitrepository-layout): who asks often has no time to start git.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_HEADS = "refs/heads/"


def branch_of(checkout: Path) -> str | None:
    """Return the branch that is checked out; None where there is none, or no git."""
    with suppress(OSError):
        head = (git_folder(checkout) / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith(f"ref: {_HEADS}"):
            return head.removeprefix(f"ref: {_HEADS}")
    return None


def is_under_way(checkout: Path) -> bool:
    """Return whether git is about to change files of the checkout: it holds its index locked meanwhile."""
    return (git_folder(checkout) / "index.lock").exists()


def git_folder(checkout: Path) -> Path:
    """Return the folder of a checkout's own HEAD: of a work tree beside others, the one that its file `.git` names."""
    marks = (folder / ".git" for folder in (checkout, *checkout.parents))
    mark = next((one for one in marks if one.exists()), checkout / ".git")
    if mark.is_file():
        return mark.parent / mark.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
    return mark
