"""The questions the supervisor asks an operating system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PortHolder:
    """The process that listens on a port."""

    pid: int
    command: str


class Platform(Protocol):
    """One implementation per operating system; all methods are cheap enough to call from an event loop unless said otherwise."""

    forks_preloaded: bool
    """True where a process that has imported native libraries may safely fork; elsewhere Python children are started by exec."""
    port_can_be_held_while_used: bool
    """True where a bound, not listening socket keeps a port without hindering the program that is to listen on it."""

    def die_with_parent(self, signal_number: int) -> None:
        """Ask the kernel to send this process `signal_number` when its parent ends. Does nothing where kernels cannot."""
        ...

    def adopt_orphans(self) -> None:
        """Become the parent of descendants whose own parent ends, where the kernel can do that."""
        ...

    def name_process(self, name: str) -> None:
        """Have this process shown under `name` by tools like top, where the system lets a process choose."""
        ...

    def yield_to_others(self) -> None:
        """Give this process the lowest claim on CPU and disk that the system knows."""
        ...

    def start_time(self, pid: int) -> str | None:
        """Return a text that together with the pid names one process for ever, or None when there is no such process."""
        ...

    def group_members(self, group: int) -> list[int]:
        """Return pids of the live (not zombie) processes of a process group."""
        ...

    def members_of_groups(self, groups: Iterable[int]) -> dict[int, list[int]]:
        """Return the live members of each of these process groups, as `group_members` does for one."""
        ...

    def children(self, pid: int) -> list[int]:
        """Return pids of the live direct children of a process."""
        ...

    def processes_with(self, variable: str, value: str) -> list[int]:
        """Return pids of own processes that were started with `variable=value` in their environment. Scans all processes."""
        ...

    def memory_bytes(self, pid: int) -> int | None:
        """Proportional memory (PSS) of a process; where a system has no such figure, its physical footprint or resident size.

        None when the process is gone or may not be read. Takes milliseconds for a large process.
        """
        ...

    def cpu_seconds(self, pid: int) -> float | None:
        """Return the processor time that a process has used, its ended children included; None when it is gone."""
        ...

    def waited_seconds(self, pid: int) -> float | None:
        """Return how long the threads of a process have waited, able to run, for a processor that others had.

        None when it is gone, or where the system keeps no such account.
        """
        ...

    def port_holder(self, port: int) -> PortHolder | None:
        """Return who listens on a loopback port, where the system tells. Scans all processes."""
        ...
