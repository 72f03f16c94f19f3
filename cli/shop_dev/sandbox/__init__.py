"""The way from a project to its running sandbox. Tests put a fake client here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shop_dev.project import Project
from shop_dev.settings.table import DEFAULT_ENGINE

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient
    from shop_sandbox.events import AnyEvent
    from shop_sandbox.resources.limits import Limits
    from shop_sandbox.supervisor.settings import SupervisorSettings

    from shop_dev.settings.limits import Limit


def connect(project: Project) -> SandboxClient:
    """Return the running sandbox. Raises SandboxError (not_running) where there is none."""
    from shop_sandbox import client
    from shop_sandbox.errors import ErrorCode, SandboxError

    try:
        return client.connect(project.paths)
    except SandboxError as error:
        if error.code is not ErrorCode.NOT_RUNNING or project.was_joined is None:
            raise
        over = project.was_joined
        raise SandboxError(
            error.code,
            f"{error.message}; this checkout had joined {over}, which has ended since",
            actions=(f"shop-dev up --join {over.host}:{over.name}", *error.actions),
        ) from error


def start_or_attach(project: Project, *, reset: bool) -> SandboxClient:
    """Return the running sandbox, or a new supervisor for it. With `reset` a running one is stopped, and stores start empty."""
    from shop_sandbox import client

    return client.start_or_attach(supervisor_settings(project, reset=reset), insists_on_engine=project.settings.engine is not None)


def start_leased(project: Project, *, owner: int, evidence: Path | None) -> SandboxClient:
    """Return a new sandbox that process `owner` holds: it ends with it. Raises SandboxError (lease_refused)."""
    from shop_sandbox import client, lease

    settings = supervisor_settings(project, reset=False)
    lease.clear_dead_leases(settings)
    return client.start_or_attach(lease.settings_for(settings, owner=owner, evidence=evidence))


def supervisor_settings(project: Project, *, reset: bool) -> SupervisorSettings:
    """Return all that the project's sandbox depends on."""
    from shop_sandbox.supervisor.settings import SupervisorSettings

    return SupervisorSettings(
        checkout=str(project.checkout),
        name=project.settings.name,
        cache_root=str(project.cache_root),
        runtime_dir=str(project.runtime_dir),
        service_globs=list(project.settings.services),
        ports=dict(project.settings.ports),
        inherited=dict(project.inherited),
        shell_variables=passed_through(project),
        shared_code=[folder.as_posix() for folder in project.settings.shared_code],
        preload=list(project.settings.preload),
        viewers=list(project.settings.viewers),
        keys=list(project.settings.keys),
        limits={name: _limits(limit) for name, limit in project.settings.limits.items()},
        mtls=project.settings.mtls,
        chaos=project.settings.chaos,
        contract_commands=_contract_commands(),
        released_contracts=str(project.checkout / project.settings.contracts_dir / "baselines"),
        start_timeout_seconds=project.settings.start_timeout_seconds,
        reset=reset,
        branch=project.branch,
        engine=project.settings.engine or DEFAULT_ENGINE,
        engines=dict(project.settings.engines),
        external={name: url.text for name, url in project.settings.external.items()},
    )


def _contract_commands() -> list[list[str]]:
    """Return what an edited schema passes, where the project keeps released contracts: code is made from it, then it is checked."""
    command = [sys.executable, "-P", "-m", "shop_dev", "contracts"]
    return [[*command, "generate", "--json"], [*command, "check", "--no-proofs", "--json"]]


def _limits(limit: Limit) -> Limits:
    from shop_sandbox.resources.limits import Limits

    return Limits(memory_bytes=None if limit.memory_mib is None else limit.memory_mib << 20, cpus=limit.cpus)


def passed_through(project: Project) -> dict[str, str]:
    """Return the variables of the caller's shell that some manifest names. What is wrong in manifests is told elsewhere."""
    from shop_sandbox.resources.names import passed_by

    from shop_dev.sandbox.manifests import services_of

    named = {name for service in services_of(project) for name in passed_by(service)}
    return {name: project.shell_variables[name] for name in sorted(named) if name in project.shell_variables}


def stop(project: Project, *, purge: bool) -> Iterator[AnyEvent]:
    """Stop the sandbox, whichever version of shop-dev has started it. Raises SandboxError (not_running)."""
    from shop_sandbox import client

    yield from client.stop(project.paths, purge=purge)


def stop_by_force(project: Project, *, purge: bool) -> Iterator[AnyEvent]:
    """Stop the sandbox without asking its supervisor, which may be frozen. Raises SandboxError (not_running)."""
    from shop_sandbox import ending

    yield from ending.stop_by_force(project.paths, purge=purge)


def purge(project: Project) -> Iterator[AnyEvent]:
    """Remove what a sandbox that is not running has left: processes that outlived it, data, logs and traces."""
    from shop_sandbox import ending

    yield from ending.remove(project.paths)
