"""Whose a sandbox is: its folder, its lock, and the record of the supervisor that holds it.

All of it lies in `.shop-dev/<name>/`, beside the data. So every shell that reaches the data finds the same lock, whatever its
TMPDIR and XDG_RUNTIME_DIR are, and nothing of a sandbox is ever swept or removed by somebody who does not hold that lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shop_sandbox import records
from shop_sandbox.disk import FULL, disk_full, write_atomically
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.platform import here

_POLL_SECONDS = 0.005


class Process(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A process for ever: a number that was given again does not have the same start time."""

    pid: int
    start_time: str

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid=pid, start_time=here.start_time(pid) or "")

    @property
    def runs(self) -> bool:
        return here.start_time(self.pid) == self.start_time


class Owner(records.Record, kw_only=True, rename="camel"):
    """Who runs a sandbox and where it listens. `protocol` says which form of requests it takes, `nonce` is in the environment of
    everything it has started."""

    protocol: str
    nonce: str
    supervisor: Process
    spawner: Process
    socket: str


@dataclass(frozen=True)
class Lock:
    """A held lock: an open file. Who inherits the file holds the lock; it is given back when the last of them closes it."""

    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


def make_home(paths: SandboxPaths) -> None:
    """Have the sandbox's folder: ours, and closed to everybody else. Raises SandboxError (FOLDER_UNUSABLE, DISK_FULL)."""
    make_private(paths.root)
    ignored = paths.root.parent / ".gitignore"
    if not ignored.exists():
        write_atomically(ignored, b"# Local state of shop-dev, keys among it: nothing here belongs into a repository.\n*\n")
    if not paths.sockets:
        raise SandboxError(
            ErrorCode.FOLDER_UNUSABLE,
            f"there is no place for the control socket of sandbox {paths.name}:"
            f" the paths of {paths.root} and {paths.runtime_dir} are too long for one",
            actions=("set SHOP_RUNTIME_DIR to a folder of yours with a short path", "or move the checkout to a shorter path"),
            detail={"paths": [str(paths.root), str(paths.runtime_dir)]},
        )


def make_private(folder: Path) -> None:
    """Have a folder that is ours and that nobody else can enter. Raises SandboxError (FOLDER_UNUSABLE, DISK_FULL)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise not_ours(folder, found)
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise unusable(folder, error) from error


def not_ours(folder: Path, found: os.stat_result) -> SandboxError:
    """Return the error for a folder that belongs to somebody else, or is none. It is never taken over."""
    whose = f"belongs to {_user(found.st_uid)}, and this is {_user(os.geteuid())}"
    what = whose if stat.S_ISDIR(found.st_mode) else "is no folder"
    return SandboxError(
        ErrorCode.FOLDER_UNUSABLE,
        f"{folder} {what}",
        actions=("work as the user whose it is", "or choose another sandbox with --name, or another checkout"),
        detail={"path": str(folder), "owner": found.st_uid},
    )


def unusable(folder: Path, error: OSError) -> SandboxError:
    """Return the error for a folder in which this user cannot do what must be done."""
    if error.errno in FULL:
        return disk_full(folder)
    place = Path(error.filename) if error.filename else folder
    return SandboxError(
        ErrorCode.FOLDER_UNUSABLE,
        f"{place} cannot be used by {_user(os.geteuid())}: {error.strerror or error}",
        actions=(f"see to it that {place} can be written by you", "`shop-dev doctor` looks at what else is wrong"),
        detail={"path": str(place)},
    )


def expect_ours(paths: SandboxPaths) -> None:
    """Raise SandboxError (FOLDER_UNUSABLE) for a sandbox of another user; root may talk to everybody's."""
    try:
        found = paths.root.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(paths.root, error) from error
    if os.geteuid() not in (0, found.st_uid):
        raise not_ours(paths.root, found)


def try_lock(paths: SandboxPaths) -> Lock | None:
    """Lock the sandbox, or give None where somebody else holds it. Its folder must be there.

    Raises FileNotFoundError where there is no such sandbox, and SandboxError (FOLDER_UNUSABLE).
    """
    while True:
        try:
            descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unusable(paths.root, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_at(descriptor, paths.lock):
            return Lock(descriptor)
        os.close(descriptor)  # that sandbox was removed with its lock between the two calls: begin anew


def wait_for_lock(paths: SandboxPaths, *, seconds: float) -> Lock | None:
    """Lock the sandbox as soon as it can be had; None where that takes longer. Raises as `try_lock` does."""
    deadline = time.monotonic() + seconds
    while (lock := try_lock(paths)) is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return lock


def owner_of(paths: SandboxPaths) -> Owner | None:
    """Give the record of the supervisor that runs, or ran, this sandbox. Raises SandboxError (FOLDER_UNUSABLE,
    SUPERVISOR_OF_ANOTHER_VERSION)."""
    expect_ours(paths)
    try:
        return records.read(paths.owner, Owner)
    except records.Unreadable:
        return None  # without it the sandbox is found by its ledger only
    except OSError as error:
        raise unusable(paths.root, error) from error
    except SandboxError as error:
        raise of_another_version(paths) from error


def last_owner(paths: SandboxPaths) -> Owner | None:
    """Give the record that the last supervisor left, None where it left none that can be read."""
    with contextlib.suppress(SandboxError):
        return owner_of(paths)
    return None


def running_owner(paths: SandboxPaths) -> Owner | None:
    """Give the record of the supervisor that runs this sandbox; None where none runs, or none that can be recognised."""
    owner = last_owner(paths)
    return owner if owner is not None and owner.supervisor.runs else None


def of_another_version(paths: SandboxPaths) -> SandboxError:
    """Return the error for a supervisor that this program cannot talk to."""
    return SandboxError(
        ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION,
        f"sandbox {paths.name} was started by another version of shop-dev than this one",
        actions=(f"`shop-dev down{paths.flag}`, then `shop-dev up{paths.flag}`",),
    )


def not_running(paths: SandboxPaths) -> SandboxError:
    """Return the error for a sandbox that nobody runs."""
    return SandboxError(
        ErrorCode.NOT_RUNNING, f"sandbox {paths.name} is not running", actions=(f"start it with `shop-dev up{paths.flag}`",)
    )


def frozen(paths: SandboxPaths) -> SandboxError:
    """Return the error for a supervisor that is there, and takes no part."""
    return SandboxError(
        ErrorCode.SUPERVISOR_UNREACHABLE,
        f"the supervisor of sandbox {paths.name} runs, but does not answer: it is stopped, or hangs",
        actions=(
            f"`shop-dev down --force{paths.flag}` ends the sandbox without it; its state stays",
            f"read {supervisor_log(paths)}",
        ),
        retryable=True,
        detail={"frozen": True, "logPath": str(supervisor_log(paths))},
    )


def supervisor_log(paths: SandboxPaths) -> Path:
    """Return where a supervisor writes what it has to say of itself."""
    return paths.log("supervisor")


def _is_at(descriptor: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"
