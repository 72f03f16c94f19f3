"""Calls between services."""

from __future__ import annotations

from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.rules.view import Finding, View


def _called_services(view: View) -> Iterator[Finding]:
    for position, name in enumerate(view.service.needs.services):
        place: Path = ("needs", "services", position)
        if name == view.service.service:
            yield place, "a service does not call itself", "remove it"
        elif name not in view.platform.services:
            if not view.platform.has_unread:
                hint = did_you_mean(name, set(view.platform.services) - {view.service.service}) or "there is no other service"
                yield place, f"there is no service {name!r}", hint
        elif name not in view.platform.callable_services:
            yield place, f"{name!r} has no port to call", "give it `health: {kind: http}` or a port, or send it an event"
        elif circle := _way_back(view.platform.calls, name, view.service.service):
            way = " -> ".join((view.service.service, *circle))
            yield place, f"services call each other in a circle: {way}", "answer one of these calls by an event"


def _issuers(view: View) -> Iterator[Finding]:
    for position, name in enumerate(view.service.needs.issuers):
        if name not in view.platform.callable_services and not view.platform.has_unread:
            hint = did_you_mean(name, view.platform.callable_services - {view.service.service}) or "there is no other service"
            yield ("needs", "issuers", position), f"there is no service {name!r} to get keys from", hint


def _way_back(calls: dict[str, tuple[str, ...]], start: str, goal: str) -> tuple[str, ...]:
    """Return the shortest chain of calls from `start` to `goal`, both included; empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        ahead = [name for name in calls.get(way[-1], ()) if name not in seen]
        seen.update(ahead)
        ways += [(*way, name) for name in ahead]
    return ()


RULES = (_called_services, _issuers)
