"""Linux: prctl(2) and procfs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from shop_sandbox.platform.seam import PortHolder

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_LISTENING = {"net/tcp": "0A", "net/tcp6": "0A", "net/udp": "07"}
"""State of a listening socket, by table: TCP_LISTEN; and that of every unconnected UDP socket."""
_FIELDS_BEFORE_STATE = 2


class Linux:
    """Asks the kernel directly; nothing here needs privileges for one's own processes."""

    forks_preloaded = True
    port_can_be_held_while_used = True

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def die_with_parent(self, signal_number: int) -> None:
        """See prctl(2), PR_SET_PDEATHSIG. A change of user clears it, so it is set after that."""
        self._prctl(_PR_SET_PDEATHSIG, signal_number)

    def adopt_orphans(self) -> None:
        """See prctl(2), PR_SET_CHILD_SUBREAPER."""
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def name_process(self, name: str) -> None:
        """See prctl(2), PR_SET_NAME: at most 15 bytes. An exec replaces it by the program's name."""
        self._libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)

    def yield_to_others(self) -> None:
        """SCHED_IDLE: runs when nothing else wants the CPU; the I/O priority follows from it (ioprio_set(2))."""
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    def start_time(self, pid: int) -> str | None:
        """Clock ticks from boot to the start, qualified by the boot, since both repeat after a reboot."""
        fields = _stat(pid)
        if fields is None or fields[0] == "Z":
            return None
        return f"{_boot_id()}:{fields[19]}"

    def group_members(self, group: int) -> list[int]:
        """By field 5 of /proc/<pid>/stat."""
        return self.members_of_groups((group,))[group]

    def members_of_groups(self, groups: Iterable[int]) -> dict[int, list[int]]:
        """As `group_members`, in one walk through /proc."""
        members: dict[int, list[int]] = {group: [] for group in groups}
        for pid in _pids():
            fields = _stat(pid)
            if fields is not None and fields[0] not in "ZX" and int(fields[2]) in members:
                members[int(fields[2])].append(pid)
        return members

    def children(self, pid: int) -> list[int]:
        """By field 4 of /proc/<pid>/stat."""
        return [
            found for found in _pids() if (fields := _stat(found)) is not None and fields[0] not in "ZX" and int(fields[1]) == pid
        ]

    def processes_with(self, variable: str, value: str) -> list[int]:
        """By /proc/<pid>/environ, which shows what a process was started with."""
        wanted = f"{variable}={value}".encode()
        return [pid for pid in _pids() if wanted in _environment(pid)]

    def memory_bytes(self, pid: int) -> int | None:
        """Return the Pss line of smaps_rollup, see proc_pid_smaps(5)."""
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            return None
        for line in text.splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return None

    def cpu_seconds(self, pid: int) -> float | None:
        """By fields 14 to 17 of /proc/<pid>/stat."""
        fields = _stat(pid)
        return None if fields is None else sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def waited_seconds(self, pid: int) -> float | None:
        """By the second field of /proc/<pid>/task/<tid>/schedstat, in nanoseconds: Documentation/scheduler/sched-stats.rst."""
        try:
            threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are all that is wanted
        except OSError:
            return None
        return sum(_run_delay(pid, thread) for thread in threads) / 1e9

    def port_holder(self, port: int) -> PortHolder | None:
        """Return the owner of the listening socket's inode; None for another user's process."""
        inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
        if not inodes:
            return None
        for pid in _pids():
            if _owns_one_of(pid, inodes):
                return PortHolder(pid=pid, command=_command(pid))
        return None

    def _prctl(self, option: int, argument: int) -> None:
        if self._libc.prctl(option, argument, 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"prctl({option}, {argument}): {os.strerror(number)}")


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208 - a name is all that is wanted, thousands of times


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on. The command in the second field may hold spaces and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - read for every process there is: a Path costs twice the time
            text = file.read()
    except OSError:
        return None
    return text[text.rindex(b")") + _FIELDS_BEFORE_STATE :].decode("ascii").split()


def _run_delay(pid: int, thread: str) -> int:
    try:
        return int((_PROC / str(pid) / "task" / thread / "schedstat").read_text().split()[1])
    except (OSError, IndexError):  # the thread has ended, or the kernel keeps no account
        return 0


def _boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _environment(pid: int) -> tuple[bytes, ...]:
    try:
        return tuple((_PROC / str(pid) / "environ").read_bytes().split(b"\0"))
    except OSError:
        return ()


def _command(pid: int) -> str:
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode(errors="replace") or "?"


def _listening_inodes(port: int) -> Iterator[str]:
    """Inodes of sockets that listen on `port`, by /proc/net/tcp (proc_pid_net(5)): address:port in hex, state, inode."""
    for table, listening in _LISTENING.items():
        try:
            rows = (_PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _owns_one_of(pid: int, sockets: set[str]) -> bool:
    descriptors = _PROC / str(pid) / "fd"
    try:
        return any(_target(descriptors / name) in sockets for name in os.listdir(descriptors))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return False


def _target(link: Path) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - the text of the link is wanted: "socket:[1234]" is no path
    except OSError:
        return ""
