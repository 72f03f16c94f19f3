"""Limits that the kernel keeps, where a part of the control group tree (cgroup v2) has been given to us.

A manager gives a part away by marking it: systemd does for `systemd-run --user --scope -p Delegate=yes`. Nothing of it needs root,
and a tree that nobody gave us is left alone. See https://systemd.io/CGROUP_DELEGATION and cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

MOUNTED_AT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
_MARKS = ("user.delegate", "trusted.delegate")
_CONTROLLERS = frozenset({"memory", "cpu"})
_CPU_PERIOD_MICROSECONDS = 100_000
_REST = "shop-dev"


@dataclass(frozen=True)
class Delegated:
    """A control group that is ours to divide. `controllers` are those of memory and cpu that it can keep to."""

    folder: Path
    controllers: frozenset[str]

    def fence(self, name: str, *, memory_bytes: int | None, cpus: float | None) -> Fence:
        """Make a group with these limits, as far as the controllers go. Raises OSError."""
        self._divide()
        folder = self.folder / f"{_REST}-{os.getpid()}-{name}"
        folder.mkdir(exist_ok=True)
        if memory_bytes is not None and "memory" in self.controllers:
            (folder / "memory.max").write_text(str(memory_bytes))
            (folder / "memory.oom.group").write_text("1")
            if (folder / "memory.swap.max").exists():
                (folder / "memory.swap.max").write_text("0")
        if cpus is not None and "cpu" in self.controllers:
            (folder / "cpu.max").write_text(f"{max(1000, int(cpus * _CPU_PERIOD_MICROSECONDS))} {_CPU_PERIOD_MICROSECONDS}")
        return Fence(folder)

    def _divide(self) -> None:
        """Move what is in the group into one below it: only a group without processes of its own can hand controllers down."""
        if self.controllers <= _words(self.folder / "cgroup.subtree_control"):
            return
        rest = self.folder / _REST
        rest.mkdir(exist_ok=True)
        for pid in _words(self.folder / "cgroup.procs"):
            with contextlib.suppress(ProcessLookupError):
                (rest / "cgroup.procs").write_text(pid)
        (self.folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(self.controllers)))


@dataclass(frozen=True)
class Fence:
    """The group of one process and all it starts."""

    folder: Path

    def take_in(self, pid: int) -> None:
        """Put a process into it. Raises OSError."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def has_killed(self) -> bool:
        """Return whether the kernel has ended a process of it for the memory it took."""
        with contextlib.suppress(OSError, ValueError):
            events = dict(line.split() for line in (self.folder / "memory.events").read_text().splitlines())
            return int(events.get("oom_kill", "0")) > 0
        return False

    def remove(self) -> None:
        """Take the group away, once it is empty."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def delegated(*, mounted_at: Path = MOUNTED_AT, own: Path = OWN) -> Delegated | None:
    """Return this process's own control group, where it has been given to us and can limit memory or cpu; else None."""
    try:
        path = next(line.removeprefix("0::") for line in own.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    folder = mounted_at / path.lstrip("/")
    controllers = _words(folder / "cgroup.controllers") & _CONTROLLERS
    writable = all(os.access(place, os.W_OK) for place in (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control"))
    return Delegated(folder, frozenset(controllers)) if controllers and writable and _is_marked(folder) else None


def _is_marked(folder: Path) -> bool:
    for mark in _MARKS:
        with contextlib.suppress(OSError, AttributeError):  # there are no extended attributes, or none that we may read
            if os.getxattr(folder, mark) == b"1":
                return True
    return False


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()
