"""State for each git branch: which sandbox is a branch's, and which branches are gone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.checked_out import branch_of, git_folder

_RECORD = "branch"
_PREFIX = "branch-"
_LONGEST = 32 - len(_PREFIX)
"""What is left of the longest name that a sandbox may have."""
_HEADS = "refs/heads/"


@dataclass(frozen=True)
class BranchState:
    """The state of a branch: the sandbox `name` holds it."""

    name: str
    branch: str
    is_gone: bool


def sandbox_of(branch: str) -> str:
    """Return the name of the sandbox for a branch: itself as far as a name may be like that, else with a digest."""
    told = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    if told == branch and len(told) <= _LONGEST:
        return _PREFIX + told
    digest = hashlib.sha256(branch.encode()).hexdigest()[:6]
    return f"{_PREFIX}{told[: _LONGEST - len(digest) - 1].strip('-')}-{digest}"


def remember(root: Path, branch: str) -> None:
    """Keep in a sandbox's folder whose state it holds."""
    (root / _RECORD).write_text(branch, encoding="utf-8")


def states(checkout: Path) -> Iterator[BranchState]:
    """Yield the states that are kept in a checkout, by the name of the sandbox."""
    for record in sorted((checkout / ".shop-dev").glob(f"{_PREFIX}*/{_RECORD}")):
        with suppress(OSError):
            branch = record.read_text(encoding="utf-8")
            yield BranchState(record.parent.name, branch, is_gone=not _is_there(checkout, branch))


def _is_there(checkout: Path, branch: str) -> bool:
    """Return whether git has the branch; where that cannot be said, it is taken to be there."""
    try:
        folder = _common(git_folder(checkout))
        if (folder / _HEADS / branch).is_file() or branch == branch_of(checkout) or not (folder / "HEAD").is_file():
            return True
        packed = folder / "packed-refs"
        lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
        return (folder / "reftable").is_dir() or any(line.partition(" ")[2] == f"{_HEADS}{branch}" for line in lines)
    except OSError:
        return True


def _common(folder: Path) -> Path:
    """Return where work trees that share a repository keep its branches."""
    shared = folder / "commondir"
    return (folder / shared.read_text(encoding="utf-8").strip()).resolve() if shared.is_file() else folder
