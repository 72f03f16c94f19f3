"""A store that has lost what it acknowledged: what needs it would limp on with empty tables, so it stops."""

from __future__ import annotations

import signal
from typing import Final

from shop_sandbox.engines.handle import Exit
from shop_sandbox.errors import SandboxError
from shop_sandbox.events import ResourceState, SandboxFailed
from shop_sandbox.state import emulator_lost
from shop_sandbox.supervisor import graph
from shop_sandbox.supervisor.boot import Booted
from shop_sandbox.supervisor.faults import failed
from shop_sandbox.supervisor.resource_run import AT_REST, ResourceRun

_ORDERLY_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})


def has_lost(run: ResourceRun, ended: Exit) -> bool:
    """Return True where this end means that what was acknowledged is gone."""
    return run.driver.loses_state_when_killed and not ended.well and ended.signal not in _ORDERLY_SIGNALS


def loss_by(booted: Booted, run: ResourceRun, ended: Exit) -> SandboxError | None:
    """Judge the end of a process: None where nothing was lost, else the error, with the rest of the sandbox dealt with."""
    if not has_lost(run, ended):
        return None
    runs, context = booted.runs, booted.context
    concerned = {name for name in graph.dependents(runs.resources, (run.name,)) if runs[name].state not in AT_REST}
    stopped = sorted(name for name in concerned if runs[name].state is not ResourceState.DONE)
    error = emulator_lost(context.run.paths, run.name, str(ended), stopped)
    context.condition.failure = failed(error)
    context.side_tasks.begin(_stop(booted, concerned, context.condition.failure, reason=f"{run.name} has lost its state"))
    return error


async def _stop(booted: Booted, names: set[str], failure: SandboxFailed, *, reason: str) -> None:
    await booted.runs.stop(names, reason=reason)
    booted.context.announcements.announce(failure)
    booted.context.changes.notify()
