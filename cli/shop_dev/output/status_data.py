"""What `status` says to scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxStatus


def status_data(status: SandboxStatus) -> dict[str, object]:
    """Return the sandbox and its resources; sizes in bytes of proportional memory (PSS), times in seconds."""
    return {
        "name": status.name,
        "checkout": status.checkout,
        "state": str(status.state),
        "supervisorPid": status.supervisor_pid,
        "startedAt": status.started_at,
        "generation": status.generation,
        "endpoints": dict(status.endpoints),
        "totalPssBytes": status.total_pss_bytes,
        "supervisorPssBytes": status.supervisor_pss_bytes,
        "resources": [_resource(resource) for resource in status.resources],
    }


def _resource(resource: ResourceStatus) -> dict[str, object]:
    return {
        "name": resource.name,
        "kind": resource.kind,
        "state": str(resource.state),
        "needs": list(resource.needs),
        "pid": resource.pid,
        "ports": dict(resource.ports),
        "endpoint": resource.endpoint,
        "uptimeSeconds": resource.uptime_seconds,
        "secondsToReady": resource.seconds_to_ready,
        "restarts": resource.restarts,
        "pssBytes": resource.pss_bytes,
        "lastProbeError": resource.last_probe_error,
        "reason": resource.reason,
        "logPath": resource.log_path,
    }
