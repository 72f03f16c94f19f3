"""Orders in the start graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shop_sandbox.events import CriticalStep
from shop_sandbox.resources.model import Resource


def dependents(resources: Mapping[str, Resource], names: Iterable[str]) -> set[str]:
    """Return all that need one of `names`, directly or through others; `names` themselves only where they need each other."""
    found: set[str] = set()
    ahead = set(names)
    while ahead:
        ahead = {name for name, resource in resources.items() if name not in found and ahead.intersection(resource.needs)}
        found |= ahead
    return found


def stops_after(resources: Mapping[str, Resource]) -> dict[str, set[str]]:
    """For each resource, those that must have stopped before it does: what needs it, and where it stays for its users also what
    uses it.

    Services that call each other stop side by side: a call that fails then is a call to a sandbox that goes away.
    """
    after: dict[str, set[str]] = {name: set() for name in resources}
    for name, resource in resources.items():
        for other in resource.needs:
            if not resources[other].may_leave_first:
                after[other].add(name)
        for other in resource.uses:
            if other in resources and resources[other].stays_for_its_users:
                after[other].add(name)
    return after


@dataclass(frozen=True)
class Timing:
    """When a resource could start and when it was ready, in seconds since the start was asked for."""

    unblocked: float
    ready: float


def critical_path(resources: Mapping[str, Resource], timings: Mapping[str, Timing]) -> tuple[CriticalStep, ...]:
    """Give the chain of starts that ended last: each waited for the one before it. Seconds are each one's own."""
    if not timings:
        return ()
    steps: list[CriticalStep] = []
    current: str | None = max(timings, key=lambda name: timings[name].ready)
    while current is not None:
        needs = [name for name in resources[current].needs if name in timings]
        last = max(needs, key=lambda name: timings[name].ready, default=None)
        steps.append(CriticalStep(resource=current, waited_for=last, seconds=timings[current].ready - timings[current].unblocked))
        current = last
    return tuple(reversed(steps))
