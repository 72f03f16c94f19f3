"""Waiting for one resource of a sandbox to be in a state, with a deadline."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import AnyEvent, ProbeFailed, ResourceChanged, ResourceDied, ResourceState

from shop_dev import sandbox
from shop_dev.near import nearest
from shop_dev.project import Project, resource_names

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient


class Wanted(StrEnum):
    """What `wait --for` takes."""

    HEALTHY = "healthy"
    STOPPED = "stopped"


REACHED = {
    Wanted.HEALTHY: (ResourceState.READY, ResourceState.DONE),
    Wanted.STOPPED: (ResourceState.STOPPED, ResourceState.FAILED, ResourceState.DONE),
}


def wait_for(project: Project, resource: str, wanted: Wanted, *, timeout_seconds: float) -> str:
    """Return the state of `resource` when it is what is wanted.

    Where no sandbox runs, everything counts as stopped.
    Raises SandboxError: resource_unknown, not_running, wait_timed_out, resource_died.
    """
    try:
        client = sandbox.connect(project)
    except SandboxError as error:
        check_known(resource, resource_names(project))
        if error.code is ErrorCode.NOT_RUNNING and wanted is Wanted.STOPPED:
            return ResourceState.STOPPED
        raise
    check_known(resource, names_in(client))
    seen = _Seen(resource)
    for event in before_deadline(client.follow(), seconds=timeout_seconds):
        if event is None:
            raise seen.timed_out(wanted, timeout_seconds)
        seen.take(event)
        if seen.state in REACHED[wanted]:
            return seen.state
        if seen.state is ResourceState.FAILED:
            raise seen.dead()
    if wanted is Wanted.STOPPED:
        return ResourceState.STOPPED
    raise SandboxError(ErrorCode.NOT_RUNNING, f"The sandbox was stopped while {resource} was waited for.", actions=("shop-dev up",))


def names_in(client: SandboxClient) -> list[str]:
    """Return what this sandbox consists of."""
    return [resource.name for resource in client.status().resources]


def check_known(name: str, known: Sequence[str]) -> None:
    """Raise resource_unknown with the names that come closest, if `name` is none of `known`."""
    if name in known:
        return
    near = nearest(name, known)
    meant = f" Did you mean {near}?" if near else ""
    raise SandboxError(
        ErrorCode.RESOURCE_UNKNOWN,
        f"There is no resource {name!r}.{meant}",
        actions=(f"The names are: {', '.join(known)}.",),
        detail={"resource": name, "known": list(known)},
    )


def before_deadline(events: Iterable[AnyEvent], *, seconds: float) -> Iterator[AnyEvent | None]:
    """Give events as they come; then None, once, if the deadline passes before they end.

    They are read in a thread, as an event may be hours away and the deadline is not.
    """
    arrived: queue.SimpleQueue[AnyEvent | BaseException | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for event in events:
                arrived.put(event)
        except (SandboxError, OSError) as error:
            arrived.put(error)
        else:
            arrived.put(None)

    threading.Thread(target=read, name="events", daemon=True).start()
    deadline = time.monotonic() + seconds
    while True:
        try:
            event = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield None
            return
        if event is None:
            return
        if isinstance(event, BaseException):
            raise event
        yield event


class _Seen:
    """What is known about the resource that is waited for."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.state: ResourceState | None = None
        self._reason: str | None = None
        self._death: ResourceDied | None = None

    def take(self, event: AnyEvent) -> None:
        if getattr(event, "resource", None) != self.resource:
            return
        match event:
            case ResourceChanged(state=state, reason=reason):
                self.state = state
                self._reason = reason or self._reason
            case ProbeFailed(reason=reason):
                self._reason = reason
            case ResourceDied():
                self._death = event
            case _:
                pass

    def timed_out(self, wanted: Wanted, seconds: float) -> SandboxError:
        reason = f": {self._reason}" if self._reason else ""
        return SandboxError(
            ErrorCode.WAIT_TIMED_OUT,
            f"{self.resource} is not {wanted} after {seconds:g} s; it is {self.state or 'not started'}{reason}.",
            actions=(f"shop-dev logs {self.resource}", "Allow more time with --timeout."),
            retryable=True,
            detail={"resource": self.resource, "state": self.state, "lastProbeError": self._reason},
        )

    def dead(self) -> SandboxError:
        last_lines = self._death.last_lines if self._death else ()
        return SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"{self.resource} has failed and is not started again by itself{f': {self._reason}' if self._reason else ''}.",
            actions=(f"shop-dev logs {self.resource}", f"shop-dev restart {self.resource}"),
            detail={
                "resource": self.resource,
                "lastLines": list(last_lines),
                "logPath": self._death.log_path if self._death else None,
            },
        )
