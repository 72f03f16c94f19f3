"""The end of a sandbox whose supervisor cannot be asked for it: one that is frozen or gone, or of another version of shop-dev.

What it has written down tells what is to be ended: the owner record and the ledger.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import msgspec

from shop_sandbox import ownership
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, SandboxStopped
from shop_sandbox.paths import SandboxPaths

_ENDS_WITHIN_SECONDS = 20.0
_LETS_GO_WITHIN_SECONDS = 6.0


def stop_by_signal(paths: SandboxPaths, *, purge: bool = False) -> Iterator[AnyEvent]:
    """Have a supervisor stop that speaks another language: a signal means the same in all of them. Ends with SandboxStopped, when
    no process is left, and with `purge` nothing else either.

    Raises SandboxError (SUPERVISOR_UNREACHABLE).
    """
    began = time.monotonic()
    pid = _pid_of_another_version(paths)
    if pid is None:
        raise ownership.frozen(paths)
    os.kill(pid, signal.SIGTERM)
    wait_for_end(paths)
    if purge:
        yield from remove(paths)
    yield SandboxStopped(at=time.time(), seconds=time.monotonic() - began)


def stop_by_force(paths: SandboxPaths, *, purge: bool = False) -> Iterator[AnyEvent]:
    """Stop a sandbox without the help of its supervisor, which is frozen, say: by the owner record and the ledger.

    Stores are asked and get their grace. Ends with SandboxStopped, when no process is left. Raises SandboxError
    (NOT_RUNNING, SUPERVISOR_UNREACHABLE, LEDGER_UNREADABLE).
    """
    began = time.monotonic()
    ownership.expect_ours(paths)
    owner = ownership.running_owner(paths)
    if owner is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(owner.supervisor.pid, signal.SIGKILL)
    elif not paths.ledger.exists() and not is_locked(paths):
        raise ownership.not_running(paths)
    yield from _cleared(paths, purge=purge)
    yield SandboxStopped(at=time.time(), seconds=time.monotonic() - began)


def remove(paths: SandboxPaths) -> Iterator[AnyEvent]:
    """Remove a sandbox that does not run: what it left behind, its state and its logs. Raises SandboxError when it runs."""
    yield from _cleared(paths, purge=True)


def is_locked(paths: SandboxPaths) -> bool:
    """Return whether a supervisor of this sandbox lives, be it frozen. Raises SandboxError (FOLDER_UNUSABLE)."""
    try:
        lock = ownership.try_lock(paths)
    except FileNotFoundError:
        return False
    if lock is not None:
        lock.release()
    return lock is None


def wait_for_end(paths: SandboxPaths) -> None:
    """Return when the supervisor's process has ended. Raises SandboxError (SUPERVISOR_UNREACHABLE) when it does not."""
    with contextlib.suppress(FileNotFoundError):  # removed with its lock
        lock = ownership.wait_for_lock(paths, seconds=_ENDS_WITHIN_SECONDS)
        if lock is None:
            raise ownership.frozen(paths)
        lock.release()


def _cleared(paths: SandboxPaths, *, purge: bool) -> Iterator[AnyEvent]:
    """Sweep, and remove if that is asked for, under the sandbox's lock."""
    from shop_sandbox import state
    from shop_sandbox.supervisor.sweep import sweep

    ownership.expect_ours(paths)
    owner = ownership.last_owner(paths)
    try:
        lock = ownership.wait_for_lock(paths, seconds=_LETS_GO_WITHIN_SECONDS)
    except FileNotFoundError:
        return
    if lock is None:
        raise SandboxError(
            ErrorCode.SUPERVISOR_UNREACHABLE,
            f"sandbox {paths.name} runs, and nothing tells by which process",
            actions=(f"`fuser {paths.lock}` names it; end it, then run the command again",),
        )
    try:
        yield from sweep(paths, owner)
        if purge:
            state.remove_all(paths)
    finally:
        lock.release()


def _pid_of_another_version(paths: SandboxPaths) -> int | None:
    """Read no more of the owner record than what no version changes: the supervisor's process."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        process = msgspec.json.decode(paths.owner.read_bytes(), type=_AnyOwner).supervisor
        return process.pid if process.runs else None
    return None


class _AnyOwner(msgspec.Struct):
    supervisor: ownership.Process
