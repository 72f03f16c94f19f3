"""The environment variables through which programs find the sandbox: services get them, and `shop-dev env` prints them."""

from __future__ import annotations

from shop_sandbox.engines.driver import Endpoints
from shop_sandbox.manifest.names import ACCOUNT_ID, REGION, service_port_variable, service_url_variable
from shop_sandbox.resources.model import Resource


def sandbox_environment(endpoints: Endpoints) -> dict[str, str]:
    """Return variables for the resources that have a port in `endpoints`. The AWS credentials are dummies the emulator accepts."""
    ports = endpoints.ports
    found: dict[str, str] = {}
    if "kafka" in ports:
        found["KAFKA_BOOTSTRAP_SERVERS"] = endpoints.address("kafka")
    if "schema-registry" in ports:
        found["SCHEMA_REGISTRY_URL"] = endpoints.url("schema-registry")
    if "aws" in ports:
        found["AWS_ENDPOINT_URL"] = endpoints.url("aws")
        found["AWS_ACCESS_KEY_ID"] = ACCOUNT_ID
        found["AWS_SECRET_ACCESS_KEY"] = "sandbox"  # noqa: S105  # nosec B105 # a dummy; the emulator accepts anything
        found["AWS_REGION"] = found["AWS_DEFAULT_REGION"] = REGION
    if "postgres" in ports:
        found["DATABASE_URL"] = f"postgresql://shop@{endpoints.address('postgres')}/shop"
    if "redis" in ports:
        found["REDIS_URL"] = f"redis://{endpoints.address('redis')}/0"
    if "telemetry" in ports:
        found["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoints.url("telemetry")
    if "edge" in ports:
        found["SHOP_EDGE_URL"] = endpoints.url("edge")
    return found


def service_environment(resource: Resource, endpoints: Endpoints) -> dict[str, str]:
    """All variables of one service: the sandbox's, its ports, its own database, the services it calls, what its manifest sets."""
    found = sandbox_environment(endpoints)
    found["OTEL_SERVICE_NAME"] = resource.name
    found["SHOP_INSTANCE"] = "1"
    for key in resource.ports:
        _, dot, name = key.partition(".")
        found[f"PORT_{name.upper()}" if dot else "PORT"] = str(endpoints.ports[key])
    called = {name for name in resource.uses if name != "telemetry"}
    for key in endpoints.ports:
        name, dot, port = key.partition(".")
        if name in called:
            found.update(
                {service_port_variable(name, port): endpoints.address(key)}
                if dot
                else {service_url_variable(name): endpoints.url(key)}
            )
    found.pop("DATABASE_URL", None)  # the administrator's
    if "SHOP_DATABASE" in resource.environment:
        role, database = database_role(resource.name), resource.environment["SHOP_DATABASE"]
        found["DATABASE_URL"] = f"postgresql://{role}@{endpoints.address('postgres')}/{database}"
    return {**found, **resource.environment}


def database_role(service: str) -> str:
    """Return the PostgreSQL role of a service, owner of its databases; it needs no password on loopback."""
    return service.replace("-", "_")
