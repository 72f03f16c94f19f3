"""What is wrong in a sandbox, by its status: the causes, not what merely waits for them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_sandbox.events import ResourceState
from shop_sandbox.paths import flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop_sandbox.supervisor.protocol import LastExit, ResourceStatus, SandboxStatus


_SETTLED = (ResourceState.READY, ResourceState.DONE)


@dataclass(frozen=True)
class Trouble:
    """A resource that is broken, a sentence about it, what waits for it, and what it says helps."""

    resource: str
    text: str
    blocks: tuple[str, ...]
    command: str
    """Where to look."""
    hints: tuple[str, ...] = ()


def troubles(status: SandboxStatus, *, now: float | None = None) -> tuple[Trouble, ...]:
    """Return what is broken, in the order of the resources; `now` is seconds since the epoch."""
    at = time.time() if now is None else now
    return tuple(_trouble(one, status, at) for one in status.resources if is_broken(one) and one.waits_for is None)


def is_broken(resource: ResourceStatus) -> bool:
    """True for what has failed, is about to be tried again, or dies again and again although it is up at this moment."""
    return resource.state in (ResourceState.FAILED, ResourceState.BACKING_OFF) or is_crash_looping(resource)


def is_crash_looping(resource: ResourceStatus) -> bool:
    """True for what has died several times in a row and has not lived long since, unless somebody has stopped it."""
    return resource.crashes_in_a_row > 1 and resource.state is not ResourceState.STOPPED


def overall_state(status: SandboxStatus) -> str:
    """Return the sandbox's state in one word that no line of the table contradicts."""
    from shop_sandbox.supervisor.protocol import SandboxState

    if status.state not in (SandboxState.READY, SandboxState.DEGRADED):
        return str(status.state)
    if any(is_broken(resource) for resource in status.resources):
        return str(SandboxState.DEGRADED)
    late = [one for one in status.resources if one.is_wanted and one.state not in _SETTLED]
    is_on_its_way = bool(late) and all(_is_starting(one) for one in late)
    return str(SandboxState.STARTING if is_on_its_way else status.state)


def _is_starting(resource: ResourceStatus) -> bool:
    """True for what an edit or a command has begun anew; false for what was ready in this life, and is no more."""
    is_in_a_new_life = resource.state is ResourceState.STARTING and resource.seconds_to_ready is None
    return is_in_a_new_life or resource.state in (ResourceState.PENDING, ResourceState.STOPPING)


def crash_of(resource: ResourceStatus, *, now: float) -> str:
    """Return how its process ended last: `crashed 2 s ago, exit 3, 4th time`; empty where it never did."""
    ended = resource.last_exit
    if ended is None:
        return ""
    times = f", {_ordinal(resource.crashes_in_a_row)} time" if is_crash_looping(resource) else ""
    return f"crashed {age(now - ended.at)} ago, {_exit(ended)}{times}"


def _trouble(resource: ResourceStatus, status: SandboxStatus, now: float) -> Trouble:
    waiting = tuple(one.name for one in status.resources if one.waits_for == resource.name)
    blocked = f" ({', '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for it)" if waiting else ""
    return Trouble(
        resource.name,
        f"{_sentence(resource, now)}{blocked}",
        waiting,
        f"shop-dev logs {resource.name} --tail 30{flag(status.name)}",
        resource.last_exit.hints if resource.last_exit is not None else (),
    )


def _sentence(resource: ResourceStatus, now: float) -> str:
    if resource.failure is not None:
        return resource.failure if resource.failure.startswith(resource.name) else f"{resource.name}: {resource.failure}"
    line = resource.last_exit.line if resource.last_exit is not None else None
    parts: Sequence[str | None] = (crash_of(resource, now=now) or resource.reason or str(resource.state), line)
    return f"{resource.name} " + ": ".join(part for part in parts if part)


def _exit(ended: LastExit) -> str:
    return f"signal {ended.signal}" if ended.signal is not None else f"exit {ended.code}"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def age(seconds: float) -> str:
    """Return a span of time as people say it."""
    if seconds < 120:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
