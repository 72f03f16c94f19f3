"""What client and supervisor say to each other over the control socket: one JSON object a line, a connection for each request."""

from __future__ import annotations

import hashlib
import sys
from enum import StrEnum
from types import ModuleType

import msgspec

from shop_sandbox import events
from shop_sandbox.events import AnyEvent, ResourceState, SandboxFailed


class Request(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    """Root of all requests."""


class Up(Request, frozen=True, tag="up", kw_only=True):
    """Start these and what they need (all, when empty). Answered with the start's events up to SandboxReady or SandboxFailed."""

    resources: tuple[str, ...] = ()


class Follow(Request, frozen=True, tag="follow", kw_only=True):
    """Answered with the state of each resource as ResourceChanged, then with events as they come, until the sandbox has stopped."""


class Status(Request, frozen=True, tag="status", kw_only=True):
    """Answered with one SandboxStatus."""


class Restart(Request, frozen=True, tag="restart", kw_only=True):
    """Answered with the events of this resource until it is ready, has ended or has failed."""

    resource: str


class Down(Request, frozen=True, tag="down", kw_only=True):
    """Stop everything. Answered with events up to SandboxStopped. `force` collapses every grace still running to nothing."""

    purge: bool = False
    force: bool = False


class Ping(Request, frozen=True, tag="ping"):
    """Answered at once with RequestFinished, whatever else is under way: who stays silent is frozen."""


AnyRequest = Up | Follow | Status | Restart | Down | Ping


class Refused(msgspec.Struct, frozen=True, tag_field="event", tag="refused", kw_only=True):
    """The request was not carried out. Fields are those of `SandboxError`."""

    code: str
    message: str
    actions: tuple[str, ...] = ()
    retryable: bool = False
    detail: dict[str, object] = {}


class RequestFinished(msgspec.Struct, frozen=True, tag_field="event", tag="request-finished"):
    """No more events belong to this request."""


Reply = AnyEvent | Refused | RequestFinished


class SandboxState(StrEnum):
    """The sandbox as a whole; the words appear in `status`."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"  # was ready; a resource of it is not, at the moment
    FAILED = "failed"  # will not become ready by itself
    STOPPING = "stopping"


class ResourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as it is now."""

    name: str
    kind: str
    state: ResourceState
    needs: tuple[str, ...]
    ports: dict[str, int]
    endpoint: str | None
    log_path: str
    pid: int | None = None
    group: int | None = None
    uptime_seconds: float | None = None
    seconds_to_ready: float | None = None
    restarts: int = 0
    pss_bytes: int | None = None
    last_probe_error: str | None = None
    reason: str | None = None


class SandboxStatus(msgspec.Struct, frozen=True, tag_field="event", tag="status", kw_only=True):
    """The sandbox as it is now. `total_pss_bytes` includes the supervisor and its fork servers.

    `environment` are the variables through which programs find the sandbox. `warnings` are troubles of the sandbox itself.
    """

    name: str
    checkout: str
    state: SandboxState
    supervisor_pid: int
    started_at: float
    generation: int
    endpoints: dict[str, str]
    ports: dict[str, int]
    environment: dict[str, str]
    resources: tuple[ResourceStatus, ...]
    failure: SandboxFailed | None
    warnings: tuple[str, ...]
    supervisor_pss_bytes: int
    total_pss_bytes: int


def form_of(*modules: ModuleType) -> str:
    """Return a digest of the messages in these modules: tags, fields and their types. It changes when, and only when, they do."""
    kinds = {
        kind.__qualname__: (kind.__struct_config__.tag, kind.__annotations__) if issubclass(kind, msgspec.Struct) else list(kind)
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct | StrEnum)
    }
    return hashlib.sha256(repr(sorted(kinds.items())).encode()).hexdigest()[:16]


PROTOCOL = form_of(events, sys.modules[__name__])
"""Client and supervisor understand each other if and only if this is the same for both."""
