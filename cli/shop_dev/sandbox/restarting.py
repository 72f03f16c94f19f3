"""One `restart` from the caller's side."""

from __future__ import annotations

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceChanged, ResourceDied, ResourceState, SandboxFailed

from shop_dev import sandbox
from shop_dev.errors import Failed, Failure
from shop_dev.output.sinks import Sink
from shop_dev.project import Project


def restart_resource(project: Project, resource: str, *, sink: Sink) -> float | None:
    """Restart it and return the seconds until it was ready again. Raises SandboxError (resource_died) if it does not come back."""
    death: ResourceDied | None = None
    for event in sandbox.connect(project).restart(resource):
        sink.announce(event)
        match event:
            case ResourceChanged(resource=changed, state=ResourceState.READY | ResourceState.DONE, seconds=seconds) if (
                changed == resource
            ):
                return seconds
            case ResourceChanged(resource=changed, state=ResourceState.FAILED, reason=reason) if changed == resource:
                raise _dead(resource, reason, death)
            case ResourceDied(resource=died) if died == resource:
                death = event
            case SandboxFailed():
                raise Failed(Failure.from_error(event))
            case _:
                pass
    raise _dead(resource, "the sandbox stopped meanwhile", death)


def _dead(resource: str, reason: str | None, death: ResourceDied | None) -> SandboxError:
    return SandboxError(
        ErrorCode.RESOURCE_DIED,
        f"{resource} did not come back{f': {reason}' if reason else ''}.",
        actions=(f"shop-dev logs {resource}",),
        detail={
            "resource": resource,
            "lastLines": list(death.last_lines) if death else [],
            "logPath": death.log_path if death else None,
        },
    )
