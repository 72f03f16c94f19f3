"""What `status` says to scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shop_dev.errors import Failure
from shop_dev.output.envelope import failure_data
from shop_dev.troubles import Trouble, overall_state, troubles

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import LastExit, ResourceStatus, SandboxStatus


def status_data(status: SandboxStatus, siblings: Sequence[str] = (), branch: str | None = None) -> dict[str, object]:
    """Return the sandbox and its resources; sizes in bytes of proportional memory (PSS), times in seconds."""
    return {
        "name": status.name,
        "checkout": status.checkout,
        "state": overall_state(status),
        "failure": failure_data(Failure.from_error(status.failure)) if status.failure is not None else None,
        "troubles": [_trouble(trouble) for trouble in troubles(status)],
        "supervisorPid": status.supervisor_pid,
        "startedAt": status.started_at,
        "generation": status.generation,
        "engine": status.engine,
        "endpoints": dict(status.endpoints),
        "guests": [{"checkout": guest.checkout, "services": list(guest.services)} for guest in status.guests],
        "siblings": list(siblings),
        "branch": branch,
        "totalPssBytes": status.total_pss_bytes,
        "supervisorPssBytes": status.supervisor_pss_bytes,
        "resources": [_resource(resource) for resource in status.resources],
    }


def _trouble(trouble: Trouble) -> dict[str, object]:
    return {
        "resource": trouble.resource,
        "text": trouble.text,
        "blocks": list(trouble.blocks),
        "command": trouble.command,
        "hints": list(trouble.hints),
    }


def _resource(resource: ResourceStatus) -> dict[str, object]:
    return {
        "name": resource.name,
        "kind": resource.kind,
        "state": str(resource.state),
        "needs": list(resource.needs),
        "engine": resource.engine,
        "pid": resource.pid,
        "ports": dict(resource.ports),
        "endpoint": resource.endpoint,
        "uptimeSeconds": resource.uptime_seconds,
        "secondsToReady": resource.seconds_to_ready,
        "restarts": resource.restarts,
        "pssBytes": resource.pss_bytes,
        "peakPssBytes": resource.peak_pss_bytes,
        "cpus": resource.cpus,
        "peakCpus": resource.peak_cpus,
        "limits": _limits(resource),
        "lastProbeError": resource.last_probe_error,
        "reason": resource.reason,
        "failure": resource.failure,
        "waitsFor": resource.waits_for,
        "isSwapped": resource.is_swapped,
        "crashesInARow": resource.crashes_in_a_row,
        "lastExit": _exit(resource.last_exit) if resource.last_exit is not None else None,
        "logPath": resource.log_path,
    }


def _limits(resource: ResourceStatus) -> dict[str, object]:
    """Return what it may use, and who keeps it to that: null where nobody can."""
    memory, cpu = resource.memory_limit, resource.cpu_limit
    return {
        "memoryBytes": memory.bytes if memory is not None else None,
        "memoryKeptBy": memory.kept_by if memory is not None else None,
        "cpus": cpu.cpus if cpu is not None else None,
        "cpusKeptBy": cpu.kept_by if cpu is not None else None,
    }


def _exit(ended: LastExit) -> dict[str, object]:
    return {"at": ended.at, "code": ended.code, "signal": ended.signal, "line": ended.line}
