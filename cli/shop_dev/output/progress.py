"""What is known about a start so far, folded from its events. Sinks draw it; it draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shop_sandbox.events import (
    AnyEvent,
    DownloadFinished,
    DownloadProgress,
    PreparationStarted,
    ProbeFailed,
    ResourceChanged,
    ResourceDied,
    ResourceState,
)

SETTLED = (ResourceState.READY, ResourceState.DONE, ResourceState.STOPPED, ResourceState.FAILED)


@dataclass(frozen=True)
class Row:
    """One resource: where it is, since when, and the newest reason why it is not further."""

    state: ResourceState
    since: float
    """Seconds since the epoch at which it entered its way to a settled state."""
    seconds: float | None = None
    """How long it took, once it has settled."""
    note: str = ""
    endpoint: str | None = None

    def elapsed(self, now: float) -> float:
        return self.seconds if self.seconds is not None else max(0.0, now - self.since)


@dataclass
class Progress:
    """Rows by resource in the order they came up, and downloads on their way."""

    rows: dict[str, Row] = field(default_factory=dict)
    downloads: dict[str, DownloadProgress] = field(default_factory=dict)

    def take(self, event: AnyEvent) -> None:
        """Bring the picture up to date with `event`."""
        match event:
            case ResourceChanged():
                self.rows[event.resource] = self._changed(event)
            case ProbeFailed(resource=resource, reason=reason) if resource in self.rows:
                self.rows[resource] = replace(self.rows[resource], note=reason)
            case PreparationStarted(resource=resource, what=what):
                row = self.rows.get(resource, Row(ResourceState.PENDING, event.at))
                self.rows[resource] = replace(row, note=what)
            case ResourceDied(resource=resource) if resource in self.rows:
                self.rows[resource] = replace(self.rows[resource], note=died_because(event))
            case DownloadProgress(artifact=artifact):
                self.downloads[artifact] = event
            case DownloadFinished(artifact=artifact):
                self.downloads.pop(artifact, None)
            case _:
                pass

    def elapsed(self, resource: str, now: float) -> float:
        """Return seconds since the start of `resource` was decided; 0 for one that is not known."""
        row = self.rows.get(resource)
        return row.elapsed(now) if row else 0.0

    def _changed(self, event: ResourceChanged) -> Row:
        before = self.rows.get(event.resource)
        begun = before is not None and before.state not in (*SETTLED, ResourceState.PENDING)
        since = before.since if before and begun else event.at
        return Row(
            state=event.state,
            since=since,
            seconds=_took(event, since, begun=begun) if event.state in SETTLED else None,
            note=event.reason or "",
            endpoint=event.endpoint or (before.endpoint if before else None),
        )


def _took(event: ResourceChanged, since: float, *, begun: bool) -> float | None:
    """Return seconds from the start of the process; the event counts from the start of everything, waiting for others included."""
    return event.at - since if begun else event.seconds


def died_because(event: ResourceDied) -> str:
    """Return how the process ended, in words."""
    if event.reason is not None:
        return event.reason
    if event.signal is not None:
        return f"killed by signal {event.signal}"
    return "ended" if event.exit_code is None else f"exited with {event.exit_code}"
