"""Programs of the project and of its users as processes: the registry, telemetry, provisioning tasks and services."""

from __future__ import annotations

from shop_sandbox.clock import ClockFile
from shop_sandbox.engines.driver import ForkLaunch
from shop_sandbox.engines.handle import Launch
from shop_sandbox.engines.programs import (
    REGISTRY_TARGET,
    TELEMETRY_TARGET,
    RegistryProgram,
    ServiceProgram,
    TelemetryProgram,
    launch_of,
)
from shop_sandbox.environment import environment_of
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext


class RegistryDriver(RegistryProgram):
    """Runs the Schema Registry; it keeps its state in Kafka."""

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        own = {"KAFKA_BOOTSTRAP_SERVERS": context.endpoints.address("kafka"), "PORT": str(context.endpoints.ports[resource.name])}
        return ForkLaunch(
            target=REGISTRY_TARGET,
            environment={**context.inherited, **own},
            cwd=context.paths.checkout,
            inherit_listener=resource.name,
        )


class TelemetryDriver(TelemetryProgram):
    """Runs the collector of traces and logs."""

    def launch(self, resource: Resource, context: RunContext) -> ForkLaunch:
        own = {"SHOP_TELEMETRY_DB": str(context.paths.telemetry), "PORT": str(context.endpoints.ports[resource.name])}
        return ForkLaunch(
            target=TELEMETRY_TARGET,
            environment={**context.inherited, **own, **resource.environment},
            cwd=context.paths.checkout,
            inherit_listener=resource.name,
        )


class ServiceDriver(ServiceProgram):
    """Runs a service of a manifest."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """See that the sandbox has a clock for its services to read."""
        del resource
        ClockFile(context.paths.clock).ensure()

    def launch(self, resource: Resource, context: RunContext) -> Launch:
        listener = resource.name if resource.name in resource.ports else None
        return launch_of(resource, context, environment_of(resource, context), listener=listener)
