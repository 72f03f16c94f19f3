"""What `status` says to people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shop_sandbox.events import ResourceState

from shop_dev.output.columns import Cell, Page, columns
from shop_dev.output.marks import MARKS, STYLES
from shop_dev.troubles import crash_of, is_broken, is_crash_looping, overall_state, troubles

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxStatus

HEADINGS = ("", "RESOURCE", "STATE", "PID", "MEMORY", "READY IN", "RESTARTS", "WHERE")
_ELSEWHERE = {"docker": "container", "external": "external"}
"""What stands for a process where there is none of this machine."""
TO_THE_RIGHT = frozenset({3, 4, 5, 6})


def status_table(status: SandboxStatus, siblings: Sequence[str] = (), branch: str | None = None) -> Page:
    """One line a resource under a headline; what is wrong, and why, stands last.

    `siblings` run beside it in this checkout; `branch` is whose state it holds, where each has its own.
    """
    heads = [Cell(heading, "dim") for heading in HEADINGS]
    rows = columns([heads, *(_cells(resource) for resource in status.resources)], right=TO_THE_RIGHT)
    return Page(((Cell(_headline(status)),), (), *rows, *_limits(status), *_others(status, siblings, branch), *_troubles(status)))


def _headline(status: SandboxStatus) -> str:
    memory = f", {_mebibytes(status.total_pss_bytes)} in all" if status.total_pss_bytes else ""
    return (
        f"Sandbox {status.name} in {status.checkout} is {overall_state(status)}{memory} (supervisor pid {status.supervisor_pid})."
    )


def _limits(status: SandboxStatus) -> Iterator[tuple[Cell, ...]]:
    limited = [one for one in status.resources if one.memory_limit is not None or one.cpu_limit is not None]
    if limited:
        yield ()
    for one in limited:
        yield (Cell(f"{one.name} uses {' and '.join(_parts_of_limits(one))}."),)


def _others(status: SandboxStatus, siblings: Sequence[str], branch: str | None) -> Iterator[tuple[Cell, ...]]:
    """Whose state it is, who has joined, and what runs beside it."""
    if status.guests or siblings or branch:
        yield ()
    if branch:
        yield (Cell(f"Its data is that of git branch {branch}."),)
    for guest in status.guests:
        yield (Cell(f"{guest.checkout} has joined: {', '.join(guest.services)}."),)
    if siblings:
        yield (Cell(f"Beside it in this checkout: {', '.join(siblings)} (`shop-dev status --name {siblings[0]}`).", "dim"),)


def _parts_of_limits(resource: ResourceStatus) -> Iterator[str]:
    """What it uses of what it may."""
    memory, cpu = resource.memory_limit, resource.cpu_limit
    if memory is not None:
        used, peak = _mebibytes(resource.pss_bytes or 0), _mebibytes(resource.peak_pss_bytes or 0)
        yield f"{used} of {_mebibytes(memory.bytes)} (at most {peak} so far)"
    if cpu is not None:
        unkept = "; nothing here can enforce that" if cpu.kept_by is None else ""
        yield f"{resource.cpus or 0:.2f} of {cpu.cpus:g} CPUs (at most {resource.peak_cpus or 0:.2f} so far{unkept})"


def _troubles(status: SandboxStatus) -> Iterator[tuple[Cell, ...]]:
    found = troubles(status)
    if found:
        yield ()
    for trouble in found:
        yield Cell(f"{MARKS[ResourceState.FAILED]} ", "bold red"), Cell(trouble.text)
        for hint in (*trouble.hints, trouble.command):
            yield (Cell(f"  hint: {hint}", "dim"),)


def _cells(resource: ResourceStatus) -> tuple[Cell, ...]:
    state = ResourceState(resource.state)
    shown, style = ("crashing", STYLES[ResourceState.BACKING_OFF]) if is_crash_looping(resource) else (str(state), STYLES[state])
    mark = MARKS[ResourceState.BACKING_OFF] if is_crash_looping(resource) else MARKS.get(state, "·")
    ready = f"{resource.seconds_to_ready:.2f} s" if resource.seconds_to_ready is not None else ""
    return (
        Cell(mark, style),
        Cell(resource.name),
        Cell(shown, style),
        Cell(str(resource.pid or _ELSEWHERE.get(resource.engine, ""))),
        Cell(_mebibytes(resource.pss_bytes) if resource.pss_bytes else ""),
        Cell(ready),
        Cell(str(resource.restarts) if resource.restarts else ""),
        Cell(_where(resource)),
    )


def _where(resource: ResourceStatus) -> str:
    """Its address; for one that is not ready, why."""
    if is_broken(resource):
        if resource.waits_for is not None:
            return f"waits for {resource.waits_for}"
        return crash_of(resource, now=time.time()) or resource.reason or ""
    if resource.state in (ResourceState.READY, ResourceState.DONE):
        return f"{resource.endpoint or ''}{' (your own process)' if resource.is_swapped else ''}"
    return resource.last_probe_error or resource.reason or resource.endpoint or ""


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
