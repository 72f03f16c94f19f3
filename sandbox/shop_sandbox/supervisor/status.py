"""The sandbox as it is now, put together for `status`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping

from shop_sandbox.engines.handle import Handle
from shop_sandbox.platform import here
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.context import Condition
from shop_sandbox.supervisor.protocol import LastExit, ResourceStatus, SandboxState, SandboxStatus
from shop_sandbox.supervisor.resource_run import ResourceRun
from shop_sandbox.supervisor.runs import Runs
from shop_sandbox.supervisor.settings import SupervisorSettings


def state_of(condition: Condition, runs: Runs | None, *, is_starting: bool) -> SandboxState:
    """Return the sandbox in one word."""
    if condition.is_stopping:
        return SandboxState.STOPPING
    if condition.failure is not None:
        return SandboxState.FAILED
    if is_starting or runs is None or not runs.wanted:
        return SandboxState.STARTING
    healthy = all(run.is_settled and not run.is_crash_looping for run in runs.of(runs.wanted))
    return SandboxState.READY if healthy else SandboxState.DEGRADED


async def describe(
    settings: SupervisorSettings,
    condition: Condition,
    booted: Booted | None,
    *,
    state: SandboxState,
    began_at: float,
    spawner: int,
    with_memory: bool,
) -> SandboxStatus:
    """Return everything as it is now."""
    runs = booted.runs if booted is not None else {}
    groups = {name: run.handle.pid for name, run in runs.items() if run.handle is not None and run.handle.pid is not None}
    elsewhere = {name: run.handle for name, run in runs.items() if run.handle is not None and run.handle.pid is None}
    memory = await asyncio.to_thread(_memory_of, groups, elsewhere) if with_memory else {}
    own = await asyncio.to_thread(_memory_of_supervision, spawner, frozenset(groups.values())) if with_memory else 0
    wanted = booted.runs.wanted if booted is not None else set()
    troubles = (run.log_trouble for run in runs.values())
    return SandboxStatus(
        name=settings.name,
        checkout=settings.checkout,
        state=state,
        supervisor_pid=os.getpid(),
        started_at=began_at,
        generation=booted.context.identity.generation if booted is not None else 0,
        endpoints={name: run.endpoint for name, run in runs.items() if run.endpoint is not None and name in wanted},
        ports=dict(booted.context.ports.numbers) if booted is not None else {},
        environment=dict(booted.context.run.environment) if booted is not None else {},
        resources=tuple(
            _resource(run, booted.context.ports.numbers, memory.get(name), is_wanted=name in wanted) for name, run in runs.items()
        )
        if booted is not None
        else (),
        failure=condition.failure,
        warnings=(*condition.warnings.values(), *(trouble for trouble in troubles if trouble is not None)),
        supervisor_pss_bytes=own,
        total_pss_bytes=own + sum(filter(None, memory.values())),
    )


def _resource(run: ResourceRun, numbers: dict[str, int], pss_bytes: int | None, *, is_wanted: bool) -> ResourceStatus:
    pid = run.handle.pid if run.handle is not None else None
    last = run.deaths.last
    return ResourceStatus(
        name=run.name,
        kind=run.resource.kind,
        state=run.state,
        needs=run.resource.needs,
        ports={key: numbers[key] for key in run.resource.ports},
        endpoint=run.endpoint,
        log_path=run.log_path,
        pid=pid,
        group=pid,
        uptime_seconds=time.monotonic() - run.process_started_at
        if pid is not None and run.process_started_at is not None
        else None,
        seconds_to_ready=run.seconds_to_ready,
        restarts=run.restarts,
        pss_bytes=pss_bytes,
        last_probe_error=run.last_probe_error,
        reason=run.reason,
        crashes_in_a_row=run.deaths.in_a_row if run.is_crash_looping or not run.is_settled else 0,
        last_exit=None if last is None else LastExit(at=last.at, code=last.exit.code, signal=last.exit.signal, line=last.line),
        failure=run.failure.message if run.failure is not None else None,
        is_swapped=run.instead is not None,
        waits_for=str(run.failure.detail.get("waitsFor")) if run.failure is not None and run.waits_for_failed else None,
        is_wanted=is_wanted,
    )


def _memory_of(groups: Mapping[str, int], elsewhere: Mapping[str, Handle]) -> dict[str, int]:
    members = here.members_of_groups(groups.values())
    found = {name: _memory_of_all(members[group]) for name, group in groups.items()}
    told = {name: handle.memory_bytes() for name, handle in elsewhere.items()}
    return found | {name: bytes_ for name, bytes_ in told.items() if bytes_ is not None}


def _memory_of_all(pids: Iterable[int]) -> int:
    return sum(filter(None, (here.memory_bytes(pid) for pid in set(pids))))


def _memory_of_supervision(spawner: int, groups: frozenset[int]) -> int:
    """Return the supervisor, the spawner, and the nursery: that child of the spawner which is no resource."""
    nursery = [pid for pid in here.children(spawner) if pid not in groups]
    return _memory_of_all([os.getpid(), spawner, *nursery])
