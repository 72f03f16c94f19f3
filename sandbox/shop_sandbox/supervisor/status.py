"""The sandbox as it is now, put together for `status`."""

from __future__ import annotations

import os
import time

from shop_sandbox.engines.choice import EMBEDDED
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.context import Condition
from shop_sandbox.supervisor.deaths import Death
from shop_sandbox.supervisor.protocol import CpuLimit, LastExit, MemoryLimit, ResourceStatus, SandboxState, SandboxStatus
from shop_sandbox.supervisor.resource_run import ResourceRun
from shop_sandbox.supervisor.runs import Runs
from shop_sandbox.supervisor.settings import SupervisorSettings
from shop_sandbox.supervisor.usage import UsageWatch, Weights


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
    usage: UsageWatch | None,
) -> SandboxStatus:
    """Return everything as it is now; what resources use is missing without `usage`."""
    runs = booted.runs if booted is not None else {}
    weights = await usage.weights() if usage is not None else Weights()
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
        environment=dict(booted.context.run.environment()) if booted is not None else {},
        belongings=booted.runs.belongings if booted is not None else (),
        guests=tuple(settings.guests),
        resources=tuple(
            _resource(run, booted, weights.resources.get(name), usage, is_wanted=name in wanted) for name, run in runs.items()
        )
        if booted is not None
        else (),
        failure=condition.failure,
        warnings=(*condition.warnings.values(), *(trouble for trouble in troubles if trouble is not None)),
        supervisor_pss_bytes=weights.supervision,
        total_pss_bytes=weights.supervision + sum(weights.resources.values()),
        engine=settings.engine,
        engines=settings.engines,
    )


def _resource(
    run: ResourceRun, booted: Booted, pss_bytes: int | None, usage: UsageWatch | None, *, is_wanted: bool
) -> ResourceStatus:
    numbers, limits = booted.context.ports.numbers, run.resource.limits
    peak = usage.memory.peaks.get(run.name) if usage is not None else None
    pid = run.handle.pid if run.handle is not None else None
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
        if run.handle is not None and run.process_started_at is not None
        else None,
        seconds_to_ready=run.seconds_to_ready,
        restarts=run.restarts,
        pss_bytes=pss_bytes,
        peak_pss_bytes=None if peak is None else int(peak),
        cpus=usage.cpus.now.get(run.name) if usage is not None else None,
        peak_cpus=usage.cpus.peaks.get(run.name) if usage is not None else None,
        memory_limit=None if limits.memory_bytes is None else MemoryLimit(bytes=limits.memory_bytes, kept_by=booted.keeping.memory),
        cpu_limit=None if limits.cpus is None else CpuLimit(cpus=limits.cpus, kept_by=booted.keeping.cpus),
        last_probe_error=run.last_probe_error,
        reason=run.reason,
        crashes_in_a_row=run.deaths.in_a_row if run.is_crash_looping or not run.is_settled else 0,
        last_exit=_last_exit(run.deaths.last),
        failure=run.failure.message if run.failure is not None else None,
        is_swapped=run.instead is not None,
        waits_for=str(run.failure.detail.get("waitsFor")) if run.failure is not None and run.waits_for_failed else None,
        is_wanted=is_wanted,
        engine=booted.choice.engine_of(run.resource.kind) if not run.resource.is_task else EMBEDDED,
    )


def _last_exit(last: Death | None) -> LastExit | None:
    if last is None:
        return None
    return LastExit(at=last.at, code=last.exit.code, signal=last.exit.signal, line=last.line, hints=last.hints)
