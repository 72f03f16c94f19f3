"""What is different in a leased sandbox: it ends with its owner, however that ends, and keeps its evidence from the first
moment."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import msgspec

from shop_sandbox import evidence
from shop_sandbox.evidence import Evidence
from shop_sandbox.ownership import Process
from shop_sandbox.supervisor import watching
from shop_sandbox.supervisor.announcements import Announcements
from shop_sandbox.supervisor.protocol import SandboxStatus
from shop_sandbox.supervisor.runs import Runs
from shop_sandbox.supervisor.settings import Lease, SupervisorSettings

_LOOK_SECONDS: Final = 0.5


async def owner_ended(lease: Lease) -> None:
    """Return when the process that holds the lease is gone; at once where its number is another process's by now."""
    owner = Process(pid=lease.pid, start_time=lease.start_time)
    try:
        descriptor = os.pidfd_open(lease.pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # no such call on this system, or not for this process
        while owner.runs:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_LOOK_SECONDS)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        if owner.runs:
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


class Witness:
    """Writes down what a leased sandbox is made of, and what becomes of it."""

    def __init__(self, settings: SupervisorSettings, lease: Lease, announcements: Announcements) -> None:
        self._checkout = Path(settings.checkout)
        self._evidence = Evidence(Path(lease.evidence))
        announcements.listeners.append(self._evidence.keep_event)

    async def begin(self, runs: Runs) -> None:
        """Write down versions and inputs."""
        folders = watching.folders_to_watch(runs.resources.values())
        await asyncio.to_thread(self._look, folders)

    def keep_outcome(self, outcome: object) -> None:
        """Write down how a start ended."""
        self._evidence.keep("outcome", outcome)

    def keep_status(self, status: SandboxStatus) -> None:
        """Write down the sandbox as it is now, without the passwords in its variables."""
        self._evidence.keep("status", msgspec.structs.replace(status, environment={}))

    def _look(self, folders: frozenset[Path]) -> None:
        own = (self._checkout / name for name in ("pyproject.toml", "requirements.lock", "shop-dev.toml"))
        files = (*watching.changed_since(folders, 0.0), *(file for file in own if file.is_file()))
        self._evidence.keep("inputs", evidence.inputs(files, self._checkout))
        self._evidence.keep("versions", evidence.versions(self._checkout))
