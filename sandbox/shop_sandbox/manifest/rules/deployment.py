"""Where it runs in AWS: sizes, routes, alarms, objectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import Fargate, Local
from shop_sandbox.manifest.rules.view import Finding, View, listed, routes_of

# Pairs of CPU and memory that Fargate has: AWS, "Amazon ECS task definition parameters for Fargate", task size.
_FARGATE_MEMORY: dict[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}


def _deploy(view: View) -> Iterator[Finding]:
    yield from _sizes(("deploy",), view.service.deploy)
    for position, worker in enumerate(view.service.workers):
        yield from _sizes(("workers", position, "deploy"), worker.deploy)


def _sizes(place: Path, deploy: Fargate | Local | None) -> Iterator[Finding]:
    if not isinstance(deploy, Fargate):
        return
    sizes = _FARGATE_MEMORY[deploy.cpu]
    if deploy.memory_mib not in sizes:
        step = sizes[1] - sizes[0]
        hint = f"{sizes[0]} to {sizes[-1]}, in steps of {step}" if len(sizes) > 3 else ", ".join(map(str, sizes))
        yield (*place, "memoryMiB"), f"Fargate has no task with {deploy.cpu} CPU units and {deploy.memory_mib} MiB", hint
    if deploy.tasks.min > deploy.tasks.max:
        yield (*place, "tasks", "max"), f"is less than min ({deploy.tasks.min})", ""


def _routes(view: View) -> Iterator[Finding]:
    """A route leads to one place, and its tokens come from a pool that is there."""
    routes = view.platform.routes
    for place, route in routes_of(view.service):
        key = f"{route.method} {route.path}"
        claims = routes[key]
        if len(claims) > 1:
            others = sorted(set(claims) - {view.service.service})
            yield (
                (*place, "path"),
                f"the route {key} is listed {'by ' + listed(others) + ' as well' if others else 'twice'}",
                "a route leads to one place",
            )
        if route.user_pool is not None and not view.platform.has_unread:
            pools = view.platform.names("userPools")
            if route.user_pool not in pools:
                hint = did_you_mean(route.user_pool, pools) or "declare it under needs.userPools"
                yield (*place, "userPool"), f"there is no user pool {route.user_pool!r}", hint
    if view.service.routes and view.service.service not in view.platform.callable_services:
        yield ("routes",), "its process has no port to lead to", "give it `health: {kind: http}`"


def _gateway(view: View) -> Iterator[Finding]:
    """What API Gateway lets through is written in an OpenAPI document, and its tokens come from a pool that is there."""
    gateway = view.service.gateway
    if gateway is None:
        return
    if view.service.contracts.openapi is None:
        yield ("gateway",), "there is no OpenAPI document to make routes from", "name one as `contracts.openapi`"
    if view.service.service not in view.platform.callable_services:
        yield ("gateway",), "its process has no port to lead to", "give it `health: {kind: http}`"
    pools = view.platform.names("userPools")
    if gateway.user_pool not in pools and not view.platform.has_unread:
        hint = did_you_mean(gateway.user_pool, pools) or "declare it under needs.userPools"
        yield ("gateway", "userPool"), f"there is no user pool {gateway.user_pool!r}", hint


def _resilience(view: View) -> Iterator[Finding]:
    """What is said of calls is said of services that are called, once of each; an operation has one place."""
    resilience = view.service.resilience
    if resilience is None:
        return
    needs, gateway = view.service.needs, view.service.gateway
    called = {*needs.services, *needs.issuers, *([gateway.user_pool] if gateway else ())}
    times = Counter(call.service for call in resilience.calls)
    for position, call in enumerate(resilience.calls):
        place: Path = ("resilience", "calls", position, "service")
        if call.service not in called:
            yield place, f"it does not call {call.service!r}", did_you_mean(call.service, called) or "list it under needs.services"
        elif times[call.service] > 1:
            yield place, f"the calls of {call.service!r} are there twice", "keep one of the two"
    limited = Counter(one for limit in resilience.rate_limits for one in limit.operations)
    for number, limit in enumerate(resilience.rate_limits):
        for twice in (one for one in limit.operations if limited[one] > 1):
            yield ("resilience", "rateLimits", number), f"the operation {twice} is limited twice", "keep one of the two"


def _alarms(view: View) -> Iterator[Finding]:
    names = Counter(alarm.name for alarm in view.service.alarms)
    notifications = view.platform.names("notifications")
    for position, alarm in enumerate(view.service.alarms):
        place: Path = ("alarms", position)
        if names[alarm.name] > 1:
            yield (*place, "name"), f"the alarm {alarm.name!r} is listed twice", "keep one of the two"
        if alarm.notifies is not None and alarm.notifies not in notifications and not view.platform.has_unread:
            hint = did_you_mean(alarm.notifies, notifications) or "no service owns any"
            yield (*place, "notifies"), f"there is no notification {alarm.notifies!r}", hint
        if alarm.period_seconds < 60 and alarm.namespace.startswith("AWS/"):
            yield (*place, "periodSeconds"), "AWS's own metrics come once a minute", "take 60 or more"
        if alarm.period_seconds * alarm.periods > 86_400:
            yield (*place, "periods"), "an alarm looks at one day at most", "shorten the period, or count fewer"


def _slo(view: View) -> Iterator[Finding]:
    slo = view.service.slo
    if slo is not None and slo.latency_p99_ms is not None and slo.latency_p99_ms < slo.latency_p95_ms:
        yield ("slo", "latencyP99Ms"), f"is less than latencyP95Ms ({slo.latency_p95_ms})", ""


RULES = (_deploy, _routes, _gateway, _resilience, _alarms, _slo)
