"""The proxies between services and what they call."""

from __future__ import annotations

import msgspec

from shop_sandbox.chaos.link import Link, Protocol
from shop_sandbox.chaos.proxies import LINKS
from shop_sandbox.engines.driver import ForkLaunch
from shop_sandbox.engines.programs import ProgramDriver
from shop_sandbox.health import http as health
from shop_sandbox.resources.model import HttpHealth, Resource, ResourceKind
from shop_sandbox.run_context import RunContext

TARGET = "shop_sandbox.chaos.proxies:main"
_SPOKEN = {ResourceKind.KAFKA: Protocol.KAFKA, ResourceKind.AWS: Protocol.AWS, ResourceKind.SCHEMA_REGISTRY: Protocol.HTTP}


class ChaosDriver(ProgramDriver):
    """Runs all proxies in one process; each of its ports but the first is a way from a caller to a callee."""

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        own, *ways = resource.ports
        links = [_link(key, context) for key in ways]
        told = {LINKS: msgspec.json.encode(links).decode(), "PORT": str(context.endpoints.ports[own])}
        return ForkLaunch(target=TARGET, environment={**context.inherited, **told}, cwd=context.paths.checkout)

    def probe(self, resource: Resource, context: RunContext) -> None:
        health.expect_ok(context.endpoints.ports[resource.name], "/faults")


def _link(key: str, context: RunContext) -> Link:
    caller, _, callee = key.partition(".")[2].partition("->")
    ports = context.endpoints.ports
    return Link(caller, callee, _protocol(callee, context), port=ports[key], upstream=ports[callee])


def _protocol(callee: str, context: RunContext) -> Protocol:
    """What is spoken there. Further ports of a service may speak anything, and what is encrypted is a stream to everybody else."""
    resource = context.resources[callee.partition(".")[0]]
    if not resource.is_service:
        return _SPOKEN.get(resource.kind, Protocol.STREAM)
    is_http = callee == resource.name and isinstance(resource.health, HttpHealth) and callee not in context.endpoints.secured
    return Protocol.HTTP if is_http else Protocol.STREAM
