"""Everything before the first process: manifests, what a dead sandbox left, ports, the identity of the data."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from shop_sandbox.credentials import Credentials, credentials_of
from shop_sandbox.disk import FULL, disk_full
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.engines.choice import Choice
from shop_sandbox.engines.handle import Exit, StopOrder
from shop_sandbox.environment import sandbox_environment
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import Swept
from shop_sandbox.ownership import Owner
from shop_sandbox.resources.certified import Secured
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import DataIdentity, KeptElsewhere, Stamped, remove_data
from shop_sandbox.supervisor import blueprint, limits, ports
from shop_sandbox.supervisor.announcements import Announcements
from shop_sandbox.supervisor.blueprint import Blueprint
from shop_sandbox.supervisor.changes import Changes
from shop_sandbox.supervisor.context import Condition, SandboxContext, SideTasks
from shop_sandbox.supervisor.fork_server.starting import NONCE_VARIABLE, Connections
from shop_sandbox.supervisor.ledger import Ledger
from shop_sandbox.supervisor.limits import Keeping
from shop_sandbox.supervisor.processes import Processes
from shop_sandbox.supervisor.runs import Runs
from shop_sandbox.supervisor.settings import SupervisorSettings
from shop_sandbox.supervisor.sweep import sweep


@dataclass(frozen=True)
class Seed:
    """What is there before the boot."""

    settings: SupervisorSettings
    connections: Connections
    nonce: str
    predecessor: Owner | None
    announcements: Announcements
    condition: Condition
    side_tasks: SideTasks
    stop_order: StopOrder
    on_death: Callable[[str, Exit], SandboxError | None]


@dataclass(frozen=True)
class Booted:
    """What is there after it."""

    context: SandboxContext
    runs: Runs
    keeping: Keeping
    choice: Choice


async def boot(seed: Seed) -> Booted:
    """Come to life, up to the first decision to start something. Raises SandboxError, whatever went wrong."""
    try:
        return await _boot(seed)
    except SandboxError:
        raise
    except Exception as error:
        traceback.print_exc()  # into the supervisor's own log
        paths = seed.settings.paths
        if isinstance(error, OSError) and error.errno in FULL:
            raise disk_full(paths.root) from error
        raise SandboxError(
            ErrorCode.SUPERVISOR_UNREACHABLE,
            f"the supervisor cannot prepare sandbox {seed.settings.name}: {type(error).__name__}: {error}",
            actions=(f"read {paths.log('supervisor')}",),
            detail={"logPath": str(paths.log("supervisor"))},
        ) from error


async def _boot(seed: Seed) -> Booted:
    settings, paths = seed.settings, seed.settings.paths
    paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan = asyncio.create_task(asyncio.to_thread(blueprint.load, settings))
    try:
        for swept in await asyncio.to_thread(lambda: list(sweep(paths, seed.predecessor))):
            seed.announcements.announce(swept)
    finally:
        loaded = await plan
    for name, left in await asyncio.to_thread(lambda: list(loaded.choice.sweep(paths, settings.inherited))):
        seed.announcements.announce(Swept(at=time.time(), what=f"container {left}", resource=name))
    if settings.reset:
        await asyncio.to_thread(remove_data, paths)
    keys = [key for resource in loaded.resources.values() for key in resource.ports]
    held = ports.claim(
        keys, remembered_in=paths.ports, overrides={} if settings.lease is not None else settings.ports, seed=str(paths.root)
    )
    resources = dict(loaded.resources)
    keeping = limits.keeping()
    chosen = loaded.choice
    endpoints = Endpoints(
        held.numbers, elsewhere=chosen.elsewhere(held.numbers), secured=Secured(resources, others=chosen.secured())
    )
    credentials = msgspec.structs.replace(credentials_of(paths), given=chosen.accounts())
    run = RunContext(
        paths=paths,
        cache=settings.cache,
        endpoints=endpoints,
        credentials=credentials,
        resources=resources,
        environment=partial(_environment, endpoints, credentials, settings),
        inherited={**settings.inherited, NONCE_VARIABLE: seed.nonce},
        shell_variables=settings.shell_variables,
        announce=seed.announcements.announce,
    )
    processes = Processes(seed.connections, Ledger(paths.ledger, seed.nonce), seed.nonce, group=keeping.group)
    preloaded = settings.preload if chosen.services_are_processes else []
    seed.side_tasks.begin(processes.preload(preloaded, cwd=settings.checkout, environment=settings.inherited))
    context = SandboxContext(
        run=run,
        processes=processes,
        ports=held,
        identity=await asyncio.to_thread(_identity, loaded, run),
        announcements=seed.announcements,
        changes=Changes(),
        condition=seed.condition,
        side_tasks=seed.side_tasks,
        stop_order=seed.stop_order,
        on_death=seed.on_death,
    )
    runs = Runs(resources, loaded.drivers, context)
    runs.belongings = loaded.belongings
    return Booted(context, runs, keeping, chosen)


def _environment(endpoints: Endpoints, credentials: Credentials, settings: SupervisorSettings) -> dict[str, str]:
    """Return the variables by which programs find the sandbox, with what they show services that answer known certificates only."""
    found = sandbox_environment(endpoints, credentials)
    if not settings.mtls:
        return found
    from shop_sandbox.certificates import OPERATOR, Certified

    return {**found, **Certified.named(settings.paths.certificates, OPERATOR).variables()}


def _identity(loaded: Blueprint, run: RunContext) -> DataIdentity:
    drivers = {name: loaded.drivers[resource.kind] for name, resource in loaded.resources.items()}
    stores = frozenset(name for name, driver in drivers.items() if isinstance(driver, Stamped))
    places = {
        name: driver.place(loaded.resources[name], run)
        for name, driver in drivers.items()
        if name in stores and isinstance(driver, KeptElsewhere)
    }
    return DataIdentity.open(run.paths, known_stores=stores, places=places)
