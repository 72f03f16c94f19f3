"""Facts the sandbox announces. Console, JSON lines and history are readers of the same stream; none is known here."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ResourceState(StrEnum):
    """Where a resource is in its life; the words appear in `status`."""

    PENDING = "pending"  # waits for what it needs
    STARTING = "starting"  # process runs, readiness not yet shown
    READY = "ready"  # the semantic probe passed
    DONE = "done"  # a task that ended well
    BACKING_OFF = "backing-off"  # died, will be started again
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"  # will not be started again by itself


class Event(msgspec.Struct, frozen=True, tag_field="event", kw_only=True):
    """Root of all events. `at` is seconds since the epoch."""

    at: float


class DownloadProgress(Event, frozen=True, tag="download-progress", kw_only=True):
    """So much of an artifact has arrived. `total_bytes` is None where the server does not say."""

    artifact: str
    received_bytes: int
    total_bytes: int | None


class DownloadFinished(Event, frozen=True, tag="download-finished", kw_only=True):
    """An artifact is here, and its hash is right."""

    artifact: str
    total_bytes: int
    seconds: float


class PreparationStarted(Event, frozen=True, tag="preparation-started", kw_only=True):
    """One-time work that takes noticeable time: training an AOT cache, making a PostgreSQL template."""

    resource: str
    what: str


class Swept(Event, frozen=True, tag="swept", kw_only=True):
    """A process or file that a dead sandbox had left, and that was removed."""

    what: str
    resource: str
    pid: int | None = None


class ResourceChanged(Event, frozen=True, tag="resource-changed", kw_only=True):
    """A resource entered `state`. `seconds` is the time since its start was decided; `reason` says why, where that is not plain."""

    resource: str
    state: ResourceState
    pid: int | None = None
    seconds: float | None = None
    reason: str | None = None
    endpoint: str | None = None


class ProbeFailed(Event, frozen=True, tag="probe-failed", kw_only=True):
    """The newest reason why a resource does not count as ready; sent when the reason changes."""

    resource: str
    reason: str


class ResourceDied(Event, frozen=True, tag="resource-died", kw_only=True):
    """A process ended that should not have. `last_lines` are those that matter, oldest first; `reason` is why it was ended, where
    that is known."""

    resource: str
    exit_code: int | None
    signal: int | None
    reason: str | None = None
    last_lines: tuple[str, ...]
    log_path: str


class CodeChanged(Event, frozen=True, tag="code-changed", kw_only=True):
    """Files changed, and these resources are started again for it."""

    files: tuple[str, ...]
    resources: tuple[str, ...]


class CriticalStep(msgspec.Struct, frozen=True):
    """A link of the chain of starts that decided how long `up` took."""

    resource: str
    waited_for: str | None
    seconds: float


class SandboxReady(Event, frozen=True, tag="sandbox-ready", kw_only=True):
    """Everything that was asked for is ready. `endpoints` are addresses by resource."""

    seconds: float
    critical_path: tuple[CriticalStep, ...]
    endpoints: dict[str, str]
    generation: int
    """1 on a first start with empty stores, counting up with each start that goes on from kept state."""


class SandboxFailed(Event, frozen=True, tag="sandbox-failed", kw_only=True):
    """The start (or the running sandbox) failed as a whole. Fields are those of `SandboxError`."""

    code: str
    message: str
    actions: tuple[str, ...] = ()
    retryable: bool = False
    detail: dict[str, object] = {}


class SandboxStopped(Event, frozen=True, tag="sandbox-stopped", kw_only=True):
    """Every process is gone; nothing follows.

    `forced` are resources that did not end when they were asked and were killed; `lost` those of them (or that failed to save)
    whose data is gone. A purge loses nothing: it throws away.
    """

    seconds: float
    forced: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


AnyEvent = (
    DownloadProgress
    | DownloadFinished
    | PreparationStarted
    | Swept
    | ResourceChanged
    | ProbeFailed
    | ResourceDied
    | CodeChanged
    | SandboxReady
    | SandboxFailed
    | SandboxStopped
)
