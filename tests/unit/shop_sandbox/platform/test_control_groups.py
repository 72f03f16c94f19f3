"""Limits that the kernel keeps, over a folder laid out as its tree of control groups is (cgroup-v2.rst)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shop_sandbox.platform.cgroups import Delegated, delegated

OWN = "user.slice/run-7.scope"


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """Our own group, as systemd gives it away."""
    folder = tmp_path / "tree" / OWN
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.subtree_control").write_text("\n")
    (folder / "cgroup.procs").write_text("11\n")
    try:
        os.setxattr(folder, "user.delegate", b"1")
    except OSError:
        pytest.skip("the file system of temporary files keeps no extended attributes")
    return folder


def found(tmp_path: Path, line: str = f"0::/{OWN}\n") -> Delegated | None:
    own = tmp_path / "own"
    own.write_text(line)
    return delegated(mounted_at=tmp_path / "tree", own=own)


def test_a_group_that_was_given_to_us_is_divided_and_limits_are_written_in_the_kernels_words(tmp_path: Path, group: Path) -> None:
    ours = found(tmp_path)
    assert ours == Delegated(group, frozenset({"cpu", "memory"}))

    fence = ours.fence("orders", memory_bytes=256 << 20, cpus=0.5)
    fence.take_in(4711)

    assert (group / "shop-dev" / "cgroup.procs").read_text() == "11", "only a group without processes hands controllers down"
    assert (group / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert {file.name: file.read_text() for file in fence.folder.iterdir()} == {
        "memory.max": str(256 << 20),
        "memory.oom.group": "1",
        "cpu.max": "50000 100000",
        "cgroup.procs": "4711",
    }


def test_an_end_for_memory_is_told_from_others(tmp_path: Path, group: Path) -> None:
    ours = found(tmp_path)
    assert ours is not None
    fence = ours.fence("orders", memory_bytes=1 << 20, cpus=None)
    before = fence.has_killed()

    (fence.folder / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\n")
    unharmed = fence.has_killed()
    (fence.folder / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\n")

    assert (before, unharmed, fence.has_killed()) == (False, False, True)


def test_only_controllers_that_are_there_are_asked_for(tmp_path: Path, group: Path) -> None:
    (group / "cgroup.controllers").write_text("memory pids\n")
    ours = found(tmp_path)
    assert ours is not None

    fence = ours.fence("orders", memory_bytes=None, cpus=0.5)

    assert ours.controllers == {"memory"}
    assert list(fence.folder.iterdir()) == []


def test_a_group_that_nobody_gave_us_is_left_alone(tmp_path: Path, group: Path) -> None:
    os.removexattr(group, "user.delegate")

    assert found(tmp_path) is None


def test_without_the_second_version_of_control_groups_nothing_is_ours(tmp_path: Path, group: Path) -> None:
    assert found(tmp_path, "4:memory:/user.slice\n1:cpu:/\n") is None
    (group / "cgroup.controllers").write_text("pids\n")
    assert found(tmp_path) is None
