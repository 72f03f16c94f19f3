"""Clearing away what a sandbox that died has left. Nothing is touched that the ledger does not prove to be ours."""

from __future__ import annotations

import time
from collections.abc import Iterator

from shop_sandbox.events import Swept
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor import ladder, ledger
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE


def sweep(paths: SandboxPaths) -> Iterator[Swept]:
    """End the processes of a dead sandbox and remove its ledger, naming each. Blocks until they are gone.

    The caller holds the sandbox's lock, so no supervisor of it is alive. Stores are asked first and get their grace to save.
    """
    left = ledger.read(paths.ledger)
    if left is not None:
        for process in ladder.end_all(tuple(left.entries.values())):
            entry = left.entries[process.resource]
            yield Swept(at=time.time(), what="process", resource=entry.resource, pid=entry.pid)
        for pid in ladder.end_everything_started_with(NONCE_VARIABLE, left.nonce):
            yield Swept(at=time.time(), what="process outside its group", resource="?", pid=pid)
    if paths.ledger.exists():
        paths.ledger.unlink()
        yield Swept(at=time.time(), what="ledger", resource="supervisor")
