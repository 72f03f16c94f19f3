"""Orders in the start graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shop_sandbox.events import CriticalStep
from shop_sandbox.resources.model import Resource


def dependents(resources: Mapping[str, Resource], names: Iterable[str]) -> set[str]:
    """All that need one of `names`, directly or through others; `names` themselves only where they need each other."""
    found: set[str] = set()
    ahead = set(names)
    while ahead:
        ahead = {name for name, resource in resources.items() if name not in found and ahead.intersection(resource.needs)}
        found |= ahead
    return found


def stops_after(resources: Mapping[str, Resource]) -> dict[str, set[str]]:
    """For each resource, those that must have stopped before it does: what needs it, and what uses it as far as that makes no
    circle."""
    after: dict[str, set[str]] = {name: set() for name in resources}
    for kinship in ("needs", "uses"):
        for name, resource in resources.items():
            for other in getattr(resource, kinship):
                if other in after and name not in _reachable(after, start=name, goal=other):
                    after[other].add(name)
    return after


def _reachable(after: Mapping[str, set[str]], *, start: str, goal: str) -> set[str]:
    """`{start}` when `start` would wait, through others, for `goal`; else nothing."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name == goal:
            return {start}
        if name not in seen:
            seen.add(name)
            ahead += after[name]
    return set()


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
