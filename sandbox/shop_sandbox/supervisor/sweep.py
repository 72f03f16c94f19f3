"""Clearing away what a sandbox that died has left. Nothing is touched that its records do not prove to be ours."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from shop_sandbox import records
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Swept
from shop_sandbox.ownership import Owner
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor import ladder, ledger
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE

_GUARDIAN_SECONDS = 1.0
_SWEPT_AT_ONCE = 8
_POLL_SECONDS = 0.01


def sweep(paths: SandboxPaths, owner: Owner | None) -> Iterator[Swept]:
    """End the processes of a dead sandbox and remove its ledger, naming each. Blocks until they are gone.

    The caller holds the sandbox's lock, so no supervisor of it is alive; `owner` is the record that the last one left. Stores are
    asked first and get their grace to save.
    Raises SandboxError (LEDGER_UNREADABLE, WRITTEN_BY_ANOTHER_VERSION): an unreadable ledger is not an empty one, and without it
    only the owner record can tell what was started.
    """
    try:
        left = ledger.read(paths.ledger)
    except (records.Unreadable, SandboxError) as error:
        if owner is None:
            raise _nothing_proves(paths, error) from error
        left = ledger.Contents(nonce=owner.nonce)
    if left is not None:
        with ThreadPoolExecutor(_SWEPT_AT_ONCE) as pool:  # each may take its grace
            for foreign, ended in zip(left.foreign.values(), pool.map(_swept, left.foreign.values()), strict=True):
                if ended is not None:
                    yield Swept(at=time.time(), what=ended, resource=foreign.resource)
        for process in ladder.end_all(tuple(left.entries.values())):
            entry = left.entries[process.resource]
            yield Swept(at=time.time(), what="process", resource=entry.resource, pid=entry.pid)
        for pid in ladder.end_everything_started_with(NONCE_VARIABLE, left.nonce):
            yield Swept(at=time.time(), what="process outside its group", resource="?", pid=pid)
    yield from _end_guardian(owner)
    if paths.ledger.exists():
        paths.ledger.unlink()
        yield Swept(at=time.time(), what="ledger", resource="supervisor")
    _remove_the_unfinished(paths)


def _swept(foreign: ledger.Foreign) -> str | None:
    module, _, function = foreign.sweeper.partition(":")
    sweeper = cast(Callable[[Mapping[str, str]], str | None], getattr(importlib.import_module(module), function))
    return sweeper(foreign.proof)


def _end_guardian(owner: Owner | None) -> Iterator[Swept]:
    """End the process that started all others, where it does not end by itself after its children: it is stopped, or hangs."""
    deadline = time.monotonic() + _GUARDIAN_SECONDS
    while owner is not None and owner.spawner.runs and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if owner is None or not owner.spawner.runs:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner.spawner.pid, signal.SIGKILL)
    yield Swept(at=time.time(), what="process", resource="spawner", pid=owner.spawner.pid)


def _remove_the_unfinished(paths: SandboxPaths) -> None:
    """Go on with removals that were broken off."""
    for going in (*paths.root.parent.glob(f"{paths.name}.*.going"), *paths.root.glob("*.going")):
        shutil.rmtree(going, ignore_errors=True)


def _nothing_proves(paths: SandboxPaths, error: Exception) -> SandboxError:
    return SandboxError(
        ErrorCode.LEDGER_UNREADABLE,
        f"{error}; processes that sandbox {paths.name} left behind may still run, and nothing proves which they are",
        actions=(
            f"look for them (`ps -ef` shows {paths.root} or its ports), end them, and remove {paths.ledger}",
            f"then run `shop-dev up{paths.flag}` again",
        ),
        detail={"path": str(paths.ledger)},
    )
