"""Programs of the project and of its users: the registry, telemetry, provisioning tasks and services."""

from __future__ import annotations

from shop_sandbox.clock import ClockFile
from shop_sandbox.engines.driver import ExecLaunch, ForkLaunch, Launch, RunContext
from shop_sandbox.environment import service_environment
from shop_sandbox.health import http as health
from shop_sandbox.health import registry as registry_health
from shop_sandbox.resources.model import CommandRuntime, PythonRuntime, Resource

REGISTRY_TARGET = "shop_contracts.registry.__main__:main"
TELEMETRY_TARGET = "shop_sandbox.telemetry.collector:main"


class ProgramDriver:
    """What programs have in common: nothing to prepare, nothing taken on trust, nothing to do when idle."""

    loses_state_when_killed = False

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Nothing: the program brings what it needs."""

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


class RegistryDriver(ProgramDriver):
    """Runs the Schema Registry; it keeps its state in Kafka."""

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        own = {"KAFKA_BOOTSTRAP_SERVERS": context.endpoints.address("kafka"), "PORT": str(context.endpoints.ports[resource.name])}
        return ForkLaunch(
            target=REGISTRY_TARGET,
            environment={**context.inherited, **own},
            cwd=context.paths.checkout,
            inherit_listener=resource.name,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        registry_health.probe(context.endpoints.ports[resource.name])


class TelemetryDriver(ProgramDriver):
    """Runs the collector of traces and logs."""

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        own = {"SHOP_TELEMETRY_DB": str(context.paths.telemetry), "PORT": str(context.endpoints.ports[resource.name])}
        return ForkLaunch(
            target=TELEMETRY_TARGET,
            environment={**context.inherited, **own},
            cwd=context.paths.checkout,
            inherit_listener=resource.name,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        """An empty export is taken: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request."""
        health.expect_ok(context.endpoints.ports[resource.name], "/v1/traces", method="POST", content_type="application/x-protobuf")


class TaskDriver(ProgramDriver):
    """Runs a provisioning task: it ends, and its exit status is its result."""

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        own = {**context.environment, "SHOP_NAME": context.paths.name}
        return _launch(resource, context, {**context.inherited, **own, **resource.environment}, listener=None)

    def probe(self, resource: Resource, context: RunContext) -> None:
        """Nothing: a task is done when it ended well."""


class ServiceDriver(ProgramDriver):
    """Runs a service of a manifest; it is ready when its ready path answers 200."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """See that the sandbox has a clock for its services to read."""
        del resource
        ClockFile(context.paths.clock).ensure()

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        own = {"SHOP_CLOCK_FILE": str(context.paths.clock)}
        environment = {**context.inherited, **own, **service_environment(resource, context.endpoints)}
        return _launch(resource, context, environment, listener=resource.name)

    def probe(self, resource: Resource, context: RunContext) -> None:
        if resource.health is not None:
            health.expect_ok(context.endpoints.ports[resource.name], resource.health.ready_path)


def _launch(resource: Resource, context: RunContext, environment: dict[str, str], *, listener: str | None) -> Launch:
    match resource.runtime:
        case PythonRuntime(target=target):
            return ForkLaunch(target=target, environment=environment, cwd=context.paths.checkout, inherit_listener=listener)
        case CommandRuntime(argv=argv, cwd=cwd):
            return ExecLaunch(argv=argv, environment=environment, cwd=cwd)
        case None:
            raise ValueError(f"{resource.name} says not how it runs")
