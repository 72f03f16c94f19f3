"""macOS: no parent-death signal and no procfs. psutil and lsof answer what the kernel's files answer on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404 # asking lsof is the task
from collections.abc import Iterable

from shop_sandbox.platform.seam import PortHolder

_LOWEST_PRIORITY = 20


class MacOS:
    """The spawner, which outlives the supervisor for that moment, ends the children here; see `supervisor.fork_server`."""

    # Apple's frameworks abort in a forked child that did not exec: "may have been in progress in another thread when fork() was
    # called".
    forks_preloaded = False
    # BSD refuses a second bind to the same address and port unless both sockets set SO_REUSEPORT, which programs do not.
    port_can_be_held_while_used = False

    def die_with_parent(self, signal_number: int) -> None:
        """Does nothing: Darwin has no such signal."""

    def adopt_orphans(self) -> None:
        """Does nothing: Darwin gives orphans to launchd."""

    def name_process(self, name: str) -> None:
        """Does nothing: Darwin shows the program's name."""

    def yield_to_others(self) -> None:
        """The lowest nice value; Darwin throttles the disk of such processes with it."""
        os.nice(_LOWEST_PRIORITY)

    def start_time(self, pid: int) -> str | None:
        """Return seconds since the epoch as the kernel keeps them, so a later question gives the same text."""
        import psutil

        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return f"{process.create_time():.6f}"
        except psutil.Error:
            return None

    def group_members(self, group: int) -> list[int]:
        """By getpgid(2) of every process."""
        import psutil

        return [pid for pid in psutil.pids() if _group_of(pid) == group and self.start_time(pid) is not None]

    def members_of_groups(self, groups: Iterable[int]) -> dict[int, list[int]]:
        """Asks for each group by itself."""
        return {group: self.group_members(group) for group in groups}

    def children(self, pid: int) -> list[int]:
        """By the parent of every process."""
        import psutil

        try:
            return [child.pid for child in psutil.Process(pid).children()]
        except psutil.Error:
            return []

    def processes_with(self, variable: str, value: str) -> list[int]:
        """By the environment sysctl, which shows own processes only."""
        import psutil

        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(variable) == value:
                    found.append(process.pid)
            except (psutil.Error, OSError):
                continue
        return found

    def memory_bytes(self, pid: int) -> int | None:
        """Return the resident size: Darwin has no proportional figure, so pages shared by forks count more than once."""
        import psutil

        try:
            return int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return None

    def cpu_seconds(self, pid: int) -> float | None:
        """As the kernel accounts for it."""
        import psutil

        try:
            return float(sum(psutil.Process(pid).cpu_times()[:2]))
        except psutil.Error:
            return None

    def waited_seconds(self, pid: int) -> float | None:  # noqa: ARG002 - the same for every process
        """Darwin does not tell."""
        return None

    def port_holder(self, port: int) -> PortHolder | None:
        """By lsof(8); None for another user's process."""
        import psutil

        program = shutil.which("lsof", path="/usr/sbin:/usr/bin:/bin")
        if program is None:
            return None
        answer = subprocess.run(
            [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"], capture_output=True, text=True, check=False, timeout=5
        )  # nosec B603 # a fixed program, a number
        for line in answer.stdout.split():
            try:
                return PortHolder(pid=int(line), command=" ".join(psutil.Process(int(line)).cmdline()) or "?")
            except psutil.Error:
                return PortHolder(pid=int(line), command="?")
        return None


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None
