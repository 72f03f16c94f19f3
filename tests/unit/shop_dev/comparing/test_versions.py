"""Another commit is checked out beside this one, started by the shop-dev that it brings, and gone afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from shop_dev.comparing.versions import leased_by_its_own, scratch_tree
from shop_dev.errors import CliCode, ShopDevError

WRAPPER = """#!/bin/sh
echo "$PWD $*" >> "{log}"
case $1 in
    up) echo '{{"data": {{"name": "lease-1", "endpoints": {{"edge": "http://127.0.0.1:1"}}}}, "error": {up_error}}}' ;;
    env) echo '{{"data": {{"A": "b"}}, "error": null}}' ;;
    down) echo '{{"data": {{}}, "error": null}}' ;;
esac
"""


def git(checkout: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of two commits, of which the older one says so."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for text in ("older", "newer"):
        (folder / "version").write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "--quiet", "-m", text)
    return folder


def wrapper(folder: Path, *, up_error: str = "null") -> Path:
    """Put a shop-dev there that only writes down what it is asked."""
    log = folder.parent / "asked"
    program = folder / "shop-dev"
    program.write_text(WRAPPER.format(log=log, up_error=up_error))
    program.chmod(0o755)
    return log


def test_a_commit_is_checked_out_beside_and_gone_afterwards(checkout: Path) -> None:
    with scratch_tree(checkout, "HEAD~1") as tree:
        assert (tree / "version").read_text() == "older"
        assert (checkout / "version").read_text() == "newer"

    assert not tree.exists()
    assert len(git(checkout, "worktree", "list").splitlines()) == 1


def test_it_is_gone_after_a_failure_too(checkout: Path) -> None:
    with pytest.raises(RuntimeError), scratch_tree(checkout, "HEAD"):
        raise RuntimeError

    assert len(git(checkout, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("ref", ["nosuch", "--force", ""])
def test_what_is_no_commit_is_said(checkout: Path, ref: str) -> None:
    with pytest.raises(ShopDevError) as refused, scratch_tree(checkout, ref):
        pass

    assert refused.value.code == CliCode.GIT_REF_UNKNOWN


def test_a_version_is_leased_by_its_own_shop_dev_and_taken_down(checkout: Path) -> None:
    log = wrapper(checkout)

    with leased_by_its_own(checkout, door="edge") as target:
        assert (target.url, target.environment) == ("http://127.0.0.1:1", {"A": "b"})

    assert log.read_text().splitlines() == [
        f"{checkout} up --lease {os.getpid()} --json",
        f"{checkout} env --name lease-1 --json",
        f"{checkout} down --purge --name lease-1 --json",
    ]


def test_a_version_that_does_not_start_is_told_with_what_it_said(checkout: Path) -> None:
    wrapper(checkout, up_error='{"message": "kafka is not ready"}')

    with pytest.raises(ShopDevError, match="kafka is not ready") as refused, leased_by_its_own(checkout, door="edge"):
        pass

    assert refused.value.code == CliCode.VERSION_NOT_STARTED


def test_a_version_without_the_door_is_taken_down_again(checkout: Path) -> None:
    log = wrapper(checkout)

    with pytest.raises(ShopDevError, match="does not run gate"), leased_by_its_own(checkout, door="gate"):
        pass

    assert "down --purge --name lease-1" in log.read_text()
