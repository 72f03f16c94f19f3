"""Waiting until resources of a sandbox are in a state, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState

from shop_dev import sandbox
from shop_dev.near import nearest
from shop_dev.project import Project, resource_names
from shop_dev.troubles import crash_of, is_crash_looping

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient
    from shop_sandbox.supervisor.protocol import ResourceStatus

_LOOK_AGAIN_SECONDS = 0.1


class Wanted(StrEnum):
    """What `wait --for` takes."""

    HEALTHY = "healthy"
    STOPPED = "stopped"


REACHED = {
    Wanted.HEALTHY: (ResourceState.READY, ResourceState.DONE),
    Wanted.STOPPED: (ResourceState.STOPPED, ResourceState.FAILED, ResourceState.DONE),
}


def wait_for(project: Project, names: Sequence[str], wanted: Wanted, *, timeout_seconds: float) -> Mapping[str, str]:
    """Return the states of the resources when all are what is wanted; without names, of all that somebody has asked for.

    Where no sandbox runs, everything counts as stopped. One that has failed, or waits for one that has, ends the wait at once.
    Raises SandboxError: resource_unknown, not_running, wait_timed_out, resource_died.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        client = sandbox.connect(project)
        while True:
            concerned = _chosen(client, names)
            late = [one for one in concerned if not _is_reached(one, wanted)]
            if not late:
                return {one.name: str(one.state) for one in concerned}
            for one in late:
                if one.failure is not None:
                    raise _dead(one, concerned, flag=project.paths.flag)
            if time.monotonic() >= deadline:
                raise _timed_out(late[0], wanted, timeout_seconds, flag=project.paths.flag)
            time.sleep(max(0.0, min(_LOOK_AGAIN_SECONDS, deadline - time.monotonic())))
    except SandboxError as error:
        if error.code is not ErrorCode.NOT_RUNNING:
            raise
        for name in names:
            check_known(name, resource_names(project))
        if wanted is Wanted.STOPPED:
            return dict.fromkeys(names, str(ResourceState.STOPPED))
        raise


def check_known(name: str, known: Sequence[str]) -> None:
    """Raise resource_unknown with the name that comes closest, if `name` is none of `known`."""
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


def _chosen(client: SandboxClient, names: Sequence[str]) -> list[ResourceStatus]:
    everything = client.status(memory=False).resources
    for name in names:
        check_known(name, [one.name for one in everything])
    return [one for one in everything if (one.name in names if names else one.is_wanted)]


def _is_reached(resource: ResourceStatus, wanted: Wanted) -> bool:
    """One that is up between two crashes is not healthy."""
    return resource.state in REACHED[wanted] and not (wanted is Wanted.HEALTHY and is_crash_looping(resource))


def _timed_out(resource: ResourceStatus, wanted: Wanted, seconds: float, *, flag: str) -> SandboxError:
    crashed = crash_of(resource, now=time.time()) if is_crash_looping(resource) else ""
    line = resource.last_exit.line if crashed and resource.last_exit else None
    told = ": ".join(part for part in (crashed or resource.last_probe_error or resource.reason, line) if part)
    return SandboxError(
        ErrorCode.WAIT_TIMED_OUT,
        f"{resource.name} is not {wanted} after {seconds:g} s; it is {resource.state}{f': {told}' if told else ''}.",
        actions=(f"shop-dev logs {resource.name}{flag}", "Allow more time with --timeout."),
        retryable=True,
        detail={"resource": resource.name, "state": resource.state, "lastProbeError": resource.last_probe_error},
    )


def _dead(resource: ResourceStatus, others: Sequence[ResourceStatus], *, flag: str) -> SandboxError:
    cause = resource.waits_for or resource.name
    ended = next((one.last_exit for one in others if one.name == cause), None)
    failure = resource.failure or str(resource.state)
    return SandboxError(
        ErrorCode.RESOURCE_DIED,
        failure if failure.startswith(resource.name) else f"{resource.name}: {failure}",
        actions=(*(ended.hints if ended else ()), f"shop-dev logs {cause}{flag}", f"shop-dev restart {cause}{flag}"),
        detail={
            "resource": resource.name,
            "waitsFor": resource.waits_for,
            "line": ended.line if ended else None,
            "logPath": resource.log_path,
        },
    )
