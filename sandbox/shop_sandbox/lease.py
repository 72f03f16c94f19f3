"""A sandbox that belongs to a process and ends with it: for a suite, a load test, a check beside the developer's own sandbox.

    with leased(settings, evidence=Path("evidence")) as sandbox:
        run_the_suite(sandbox.ready.endpoints)

It has a name, ports and data of its own, watches nothing, takes no pins, and leaves its evidence, whatever becomes of it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shop_sandbox import client as clients
from shop_sandbox import ending
from shop_sandbox.client import SandboxClient
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import SandboxFailed, SandboxReady
from shop_sandbox.ownership import Process
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.supervisor.settings import Lease, SupervisorSettings

PREFIX = "lease-"


@dataclass(frozen=True)
class LeasedSandbox:
    """A sandbox that is ready and ours."""

    client: SandboxClient
    ready: SandboxReady
    evidence: Path


def name_for(owner: int) -> str:
    """Return a name that no other sandbox has, for one that process `owner` holds."""
    return f"{PREFIX}{owner}-{os.urandom(3).hex()}"


def settings_for(settings: SupervisorSettings, *, owner: int, evidence: Path | None = None) -> SupervisorSettings:
    """Return the settings of a sandbox like this one that process `owner` holds: under a name of its own, without pins.

    A name that `name_for` gave is kept.

    `evidence` is where it leaves what it saw; `.shop-dev/evidence/<name>/` unless said otherwise. Raises SandboxError
    (LEASE_REFUSED) where there is no such process.
    """
    process = Process.of(owner)
    if not process.start_time:
        raise SandboxError(ErrorCode.LEASE_REFUSED, f"there is no process {owner} that could hold a sandbox")
    name = settings.name if settings.name.startswith(PREFIX) else name_for(owner)
    folder = evidence or Path(settings.checkout) / ".shop-dev" / "evidence" / name
    lease = Lease(pid=process.pid, start_time=process.start_time, evidence=str(folder.absolute()))
    return msgspec.structs.replace(settings, name=name, ports={}, reset=False, lease=lease)


@contextmanager
def leased(
    settings: SupervisorSettings,
    *,
    resources: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    evidence: Path | None = None,
) -> Iterator[LeasedSandbox]:
    """Hold a sandbox for the block: all that `settings` describe, or `resources` with what they need. Its data is gone afterwards.

    It ends with this process, however that ends. Raises SandboxError when it does not start; the evidence is there then, too.
    """
    clear_dead_leases(settings)
    own = settings_for(settings, owner=os.getpid(), evidence=evidence)
    client = clients.start_or_attach(own)
    try:
        ready = _ready(client, resources, without, own)
        yield LeasedSandbox(client, ready, Path(own.lease.evidence if own.lease is not None else ""))
    finally:
        with contextlib.suppress(SandboxError):  # it ended meanwhile
            for _ in client.down(purge=True):
                pass
        with contextlib.suppress(SandboxError):
            for _ in ending.remove(own.paths):
                pass


def clear_dead_leases(settings: SupervisorSettings) -> None:
    """Remove what leased sandboxes of this checkout left whose supervisor was killed."""
    for folder in (Path(settings.checkout) / ".shop-dev").glob(f"{PREFIX}*"):
        paths = SandboxPaths(checkout=Path(settings.checkout), name=folder.name, runtime_dir=Path(settings.runtime_dir))
        with contextlib.suppress(SandboxError):  # it runs, and belongs to somebody
            if not ending.is_locked(paths):
                for _ in ending.remove(paths):
                    pass


def _ready(
    client: SandboxClient, resources: tuple[str, ...], without: tuple[str, ...], settings: SupervisorSettings
) -> SandboxReady:
    *_, last = client.up(resources, without=without, timeout_seconds=settings.start_timeout_seconds, atomic=True)
    if isinstance(last, SandboxReady):
        return last
    if isinstance(last, SandboxFailed):
        raise SandboxError(
            ErrorCode(last.code), last.message, actions=last.actions, retryable=last.retryable, detail=dict(last.detail)
        )
    raise SandboxError(ErrorCode.INTERRUPTED, f"sandbox {settings.name} was stopped before it was ready", retryable=True)
