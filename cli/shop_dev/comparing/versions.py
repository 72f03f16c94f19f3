"""A version of the project that runs: this checkout as it is, or another commit in a scratch work tree."""

from __future__ import annotations

import json
import os
import subprocess  # nosec B404 # git, and shop-dev itself
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.target import Target

_GIT_SECONDS = 120
_START_SECONDS = 900


@contextmanager
def scratch_tree(checkout: Path, ref: str) -> Iterator[Path]:
    """Give a work tree of its own for a commit, as long as the block lasts. Raises ShopDevError (git_ref_unknown)."""
    commit = commit_of(checkout, ref)
    with tempfile.TemporaryDirectory(prefix="shop-dev-") as folder:
        tree = Path(folder) / commit[:12]
        _git(checkout, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git(checkout, "worktree", "remove", "--force", str(tree))


def commit_of(checkout: Path, ref: str) -> str:
    """Return the commit that a name means. Raises ShopDevError (git_ref_unknown)."""
    try:
        return _git(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except ShopDevError as error:
        raise ShopDevError(CliCode.GIT_REF_UNKNOWN, f"{ref} is no commit of {checkout}.") from error


@contextmanager
def leased_by_its_own(tree: Path, *, door: str) -> Iterator[Target]:
    """Start all that a work tree describes, by the shop-dev that it brings, and give its door; it ends with the block.

    The sandbox is leased to this process: it ends with it, too, however that ends. Raises ShopDevError (version_not_started).
    """
    started = _shop_dev(tree, "up", "--lease", str(os.getpid()))
    name = str(started["name"])
    try:
        if door not in started["endpoints"]:
            raise ShopDevError(CliCode.VERSION_NOT_STARTED, f"The version in {tree} does not run {door}.")
        yield Target(started["endpoints"][door], _shop_dev(tree, "env", "--name", name))
    finally:
        _shop_dev(tree, "down", "--purge", "--name", name)


def _shop_dev(tree: Path, *arguments: str) -> dict[str, Any]:
    wrapper = tree / "shop-dev"
    command = [str(wrapper)] if os.access(wrapper, os.X_OK) else [sys.executable, "-P", "-m", "shop_dev"]
    done = _run([*command, *arguments, "--json"], tree, seconds=_START_SECONDS)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = {"error": {"message": done.stderr.strip()[-2000:] or "it said nothing"}}
    if document["error"] is not None:
        raise ShopDevError(CliCode.VERSION_NOT_STARTED, f"`shop-dev {arguments[0]}` in {tree}: {document['error']['message']}")
    return dict(document["data"])


def _git(checkout: Path, *arguments: str) -> str:
    done = _run(["git", *arguments], checkout, seconds=_GIT_SECONDS)
    if done.returncode:
        raise ShopDevError(CliCode.GIT_REF_UNKNOWN, f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _run(command: Sequence[str], folder: Path, *, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)  # nosec B603 # no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ShopDevError(CliCode.VERSION_NOT_STARTED, f"{command[0]} in {folder}: {error}") from error
