"""What engines share about programs of the project and its users: how each is probed, and tasks, which are processes everywhere."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace

from shop_sandbox.endpoints import Viewer
from shop_sandbox.engines.driver import ExecLaunch, ForkLaunch
from shop_sandbox.engines.handle import Launch
from shop_sandbox.environment import environment_of, service_addresses
from shop_sandbox.health import command, tcp
from shop_sandbox.health import http as health
from shop_sandbox.health import registry as registry_health
from shop_sandbox.health.not_ready import NotAlive, NotReady
from shop_sandbox.resources.model import CommandHealth, CommandRuntime, HttpHealth, PythonRuntime, Resource, TcpHealth
from shop_sandbox.run_context import RunContext

REGISTRY_TARGET = "shop_contracts.registry.__main__:main"
TELEMETRY_TARGET = "shop_sandbox.telemetry.collector:main"


class ProgramDriver:
    """What programs have in common: nothing to prepare, nothing taken on trust, nothing to do when idle."""

    loses_state_when_killed = False
    takes_files_on_trust = False

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Nothing: the program brings what it needs."""

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


class RegistryProgram(ProgramDriver):
    """The Schema Registry, whatever it runs in."""

    def probe(self, resource: Resource, context: RunContext) -> None:
        registry_health.probe(context.endpoints.ports[resource.name])


class TelemetryProgram(ProgramDriver):
    """The collector, whatever it runs in."""

    def probe(self, resource: Resource, context: RunContext) -> None:
        """An empty export is taken: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request."""
        health.expect_ok(context.endpoints.ports[resource.name], "/v1/traces", method="POST", content_type="application/x-protobuf")


class ServiceProgram(ProgramDriver):
    """A service, whatever it runs in: its manifest says how its health is known."""

    def probe(self, resource: Resource, context: RunContext) -> None:
        match resource.health:
            case HttpHealth(live_path=live, ready_path=ready):
                tls = _known_by(resource) if resource.name in context.endpoints.secured else None
                _expect_http(context.endpoints.ports[resource.name], live=live, ready=ready, tls=tls)
            case TcpHealth():
                tcp.expect_accepted(context.endpoints.ports[resource.name])
            case CommandHealth(argv=argv, cwd=cwd):
                command.expect_success(argv, cwd=cwd, environment=environment_of(resource, context))
            case None:
                pass  # it runs: nothing tells more


class TaskDriver(ProgramDriver):
    """Runs a task, of provisioning or building: it ends, and its exit status is its result."""

    viewer = Viewer.HOST
    """Who calls the services whose addresses a task hands on: the emulator, and functions in it."""

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        own = {"SHOP_NAME": context.paths.name, "SHOP_PROVISIONED": str(context.paths.provisioned)}
        own["SHOP_CREDENTIALS"] = str(context.paths.credentials)
        passed, seen = context.passed_to(resource), replace(context, endpoints=context.endpoints.seen_by(self.viewer))
        addresses = service_addresses(seen.endpoints)
        environment = {**context.inherited, **passed, **context.environment(), **addresses, **own, **resource.environment}
        if "SHOP_SERVICE" in resource.environment:  # a task of one service: what it makes gets that service's environment
            environment["SHOP_SERVICE_ENVIRONMENT"] = json.dumps(environment_of(resource, seen))
        return launch_of(resource, context, environment, listener=None)

    def probe(self, resource: Resource, context: RunContext) -> None:
        """Nothing: a task is done when it ended well."""


def _known_by(resource: Resource) -> ssl.SSLContext:
    """Return what a service answers to: its own certificate. Raises NotReady."""
    found = resource.environment
    try:
        context = ssl.create_default_context(cafile=found["SHOP_TLS_AUTHORITY"])
        context.load_cert_chain(found["SHOP_TLS_CERTIFICATE"], found["SHOP_TLS_KEY"])
    except (OSError, ssl.SSLError) as error:
        raise NotReady(f"the certificate of {resource.name} cannot be read: {error}") from error
    return context


def _expect_http(port: int, *, live: str, ready: str, tls: ssl.SSLContext | None) -> None:
    """Return where the ready path answers 200. Raises NotReady, and NotAlive where the live path does not answer 200 either."""
    try:
        health.expect_ok(port, ready, tls=tls)
    except NotReady as error:
        try:
            health.expect_ok(port, live, tls=tls)
        except NotReady as silent:
            raise NotAlive(f"{error}; {silent}") from error
        raise


def launch_of(resource: Resource, context: RunContext, environment: dict[str, str], *, listener: str | None) -> Launch:
    """Return how the process of a service or task starts; `listener` is the port that is handed over."""
    match resource.runtime:
        case PythonRuntime(target=target):
            return ForkLaunch(target=target, environment=environment, cwd=context.paths.checkout, inherit_listener=listener)
        case CommandRuntime(argv=argv, cwd=cwd):
            return ExecLaunch(argv=argv, environment=environment, cwd=cwd)
        case None:
            raise ValueError(f"{resource.name} says not how it runs")
