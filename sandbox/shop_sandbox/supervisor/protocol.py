"""What client and supervisor say to each other over the control socket: one JSON object a line, a connection for each request."""

from __future__ import annotations

import hashlib
import sys
from enum import StrEnum
from types import ModuleType

import msgspec

from shop_sandbox import events
from shop_sandbox.events import AnyEvent, ResourceState, SandboxFailed
from shop_sandbox.resources.facts import Belongings
from shop_sandbox.supervisor.settings import Guest


class Request(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    """Root of all requests."""


class Up(Request, frozen=True, tag="up", kw_only=True):
    """Start these and what they need (all, when empty), but for `without`. Answered with the start's events; the last is
    SandboxReady
    or SandboxFailed.

    `timeout_seconds` counts from the request; time for downloads does not count; None: what the sandbox was started with. With
    `atomic` a failure stops again what this request has started, and on a first start the whole sandbox; else whatever is healthy
    runs on.
    """

    resources: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    atomic: bool = False


class Follow(Request, frozen=True, tag="follow", kw_only=True):
    """Answered with the state of each resource as ResourceChanged, then with events as they come, until the sandbox has stopped."""


class Status(Request, frozen=True, tag="status", kw_only=True):
    """Answered with one SandboxStatus; without `memory` in a fraction of the time, and all sizes are missing."""

    memory: bool = True


class Restart(Request, frozen=True, tag="restart", kw_only=True):
    """Start these anew, and what they need where it does not run. Answered as `Up`."""

    resources: tuple[str, ...]
    timeout_seconds: float | None = None


class Stop(Request, frozen=True, tag="stop", kw_only=True):
    """Stop these, in reverse order of the graph; the rest runs on. Answered with events until they have stopped.

    With `dependents` also what needs them; without, that notices.
    """

    resources: tuple[str, ...]
    dependents: bool = False


class Describe(Request, frozen=True, tag="describe", kw_only=True):
    """Answered with one ProcessDescription: how the process of a service is started."""

    resource: str


class Swap(Request, frozen=True, tag="swap", kw_only=True):
    """Make room for another process in the place of a service. Answered with one ProcessDescription as soon as the ports are free,
    then with events of this resource: it is ready when the other process answers its health check. The service itself takes its
    place again when the connection is closed."""

    resource: str
    timeout_seconds: float = 60.0


class Events(Request, frozen=True, tag="events", kw_only=True):
    """Answered with the newest events from `since` on (seconds since the epoch), oldest first, and with `follow` with those
    that come
    until the sandbox has stopped."""

    since: float = 0.0
    follow: bool = False


class Down(Request, frozen=True, tag="down", kw_only=True):
    """Stop everything. Answered with events up to SandboxStopped. `force` collapses every grace still running to nothing."""

    purge: bool = False
    force: bool = False


class Join(Request, frozen=True, tag="join", kw_only=True):
    """Run the services of another checkout here, as `Up` would; who has joined may do so again. Answered as `Up`. What does not fit
    is refused before anything changes."""

    guest: Guest
    resources: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    atomic: bool = False


class Leave(Request, frozen=True, tag="leave", kw_only=True):
    """Stop what runs for that other checkout alone, and forget it. Answered with events until it has stopped."""

    checkout: str


class Ping(Request, frozen=True, tag="ping"):
    """Answered at once with RequestFinished, whatever else is under way: who stays silent is frozen."""


AnyRequest = Up | Follow | Status | Restart | Stop | Describe | Swap | Events | Down | Join | Leave | Ping


class Refused(msgspec.Struct, frozen=True, tag_field="event", tag="refused", kw_only=True):
    """The request was not carried out. Fields are those of `SandboxError`."""

    code: str
    message: str
    actions: tuple[str, ...] = ()
    retryable: bool = False
    detail: dict[str, object] = {}


class RequestFinished(msgspec.Struct, frozen=True, tag_field="event", tag="request-finished"):
    """No more events belong to this request."""


class ProcessDescription(msgspec.Struct, frozen=True, tag_field="event", tag="process-description", kw_only=True):
    """How the process of a service is started: its exact environment, working directory and program, and its ports by key."""

    resource: str
    environment: dict[str, str]
    cwd: str
    argv: tuple[str, ...]
    ports: dict[str, int]


Reply = AnyEvent | ProcessDescription | Refused | RequestFinished


class SandboxState(StrEnum):
    """The sandbox as a whole; the words appear in `status`."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"  # was ready; a resource of it is not, at the moment
    FAILED = "failed"  # will not become ready by itself
    STOPPING = "stopping"


class LastExit(msgspec.Struct, frozen=True, kw_only=True):
    """The newest end of a process that nobody asked for. `line` is the line of its output that says most, `hints` are what its
    output says helps."""

    at: float
    code: int | None
    signal: int | None
    line: str | None
    hints: tuple[str, ...] = ()


class MemoryLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The most memory a resource may use. `kept_by` is `kernel` or `supervisor`."""

    bytes: int
    kept_by: str


class CpuLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The most processors a resource may use. `kept_by` is `kernel`, or None where nothing here can."""

    cpus: float
    kept_by: str | None


class ResourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as it is now.

    `crashes_in_a_row` is 0 for one that runs well; above 1 it is in a crash loop, also where it is ready at this moment.
    `failure` is why it is not started again by itself; `waits_for` names what has failed in its place. `is_wanted` is False for
    what nobody asked for, or has stopped. `is_swapped`: another process has taken its place. `engine` is what it runs on:
    `embedded` (a process of this machine), `docker`, or `external`. Sizes are at most ten seconds old,
    `cpus` are processors used over the last ten seconds that were looked at; peaks are the most that was seen since the start.
    """

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
    peak_pss_bytes: int | None = None
    cpus: float | None = None
    peak_cpus: float | None = None
    memory_limit: MemoryLimit | None = None
    cpu_limit: CpuLimit | None = None
    last_probe_error: str | None = None
    reason: str | None = None
    crashes_in_a_row: int = 0
    last_exit: LastExit | None = None
    failure: str | None = None
    waits_for: str | None = None
    is_wanted: bool = True
    is_swapped: bool = False
    engine: str = "embedded"


class SandboxStatus(msgspec.Struct, frozen=True, tag_field="event", tag="status", kw_only=True):
    """The sandbox as it is now. `total_pss_bytes` includes the supervisor and its fork servers.

    `engine` is what it was started with, `engines` what was chosen for single resources. `environment` are the variables through
    which programs find the sandbox. `belongings` are what services have in the stores,
    those of `guests` too. `warnings` are troubles of the sandbox itself.
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
    belongings: tuple[Belongings, ...] = ()
    guests: tuple[Guest, ...] = ()
    failure: SandboxFailed | None
    warnings: tuple[str, ...]
    supervisor_pss_bytes: int
    total_pss_bytes: int
    engine: str = "embedded"
    engines: dict[str, str] = {}


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
