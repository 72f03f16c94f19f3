"""The environment variables through which programs find the sandbox: services get them, and `shop-dev env` prints them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from shop_sandbox.credentials import Credentials, database_account, database_role
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.manifest.names import REGION, service_port_variable, service_url_variable
from shop_sandbox.provision.told import told
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

DATABASE_ADMINISTRATOR = "shop"
PLATFORM_ENDPOINTS = frozenset({"kafka", "schema-registry", "aws", "postgres", "redis", "telemetry", "chaos"})
"""Keys of endpoints that belong to no service."""


def sandbox_environment(endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    """Return variables for what has a port in `endpoints`: the platform, and the address of every service.

    The database is the administrator's.
    """
    return {**_platform(endpoints, credentials), **service_addresses(endpoints)}


def service_addresses(endpoints: Endpoints) -> Mapping[str, str]:
    """Return variables with the addresses of every service."""
    return _addresses(endpoints, {key.partition(".")[0] for key in endpoints.ports} - PLATFORM_ENDPOINTS)


def service_environment(resource: Resource, endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    """All variables of one service: the platform's, its ports, its own database, the services it calls, what its manifest sets."""
    endpoints = endpoints.called_by(resource.name)
    found = _platform(endpoints, credentials)
    found["OTEL_SERVICE_NAME"] = resource.name
    found["SHOP_INSTANCE"] = "1"
    for key in resource.ports:
        _, dot, name = key.partition(".")
        found[f"PORT_{name.upper()}" if dot else "PORT"] = str(endpoints.ports[key])
    found.update(_addresses(endpoints, {*resource.uses, *resource.knows} - PLATFORM_ENDPOINTS))
    found.pop("DATABASE_URL", None)  # the administrator's
    if "SHOP_DATABASE" in resource.environment:
        role, database = database_role(resource.environment["SHOP_SERVICE"]), resource.environment["SHOP_DATABASE"]
        found["DATABASE_URL"] = _database_url(role, database, endpoints, credentials)
    return {**found, **resource.environment}


def environment_of(resource: Resource, context: RunContext) -> dict[str, str]:
    """Exactly what the process of a service gets, in this sandbox: for starting it, and for putting another in its place.

    Besides `service_environment`: what its manifest passes through from the developer's shell, the sandbox's clock, ids that the
    emulator gave out, and what any program of this machine needs (`RunContext.inherited`).
    """
    passed = context.passed_to(resource)
    own = {"SHOP_CLOCK_FILE": str(context.paths.clock), **told(context.paths.provisioned, resource.environment["SHOP_SERVICE"])}
    return {**context.inherited, **passed, **own, **service_environment(resource, context.endpoints, context.credentials)}


def _database_url(role: str, database: str, endpoints: Endpoints, credentials: Credentials) -> str:
    password = quote(credentials.password(database_account(role)), safe="")
    return f"postgresql://{quote(role, safe='')}:{password}@{endpoints.address('postgres')}/{database}"


def _platform(endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    ports = endpoints.ports
    found: dict[str, str] = {}
    if "kafka" in ports:
        found["KAFKA_BOOTSTRAP_SERVERS"] = endpoints.address("kafka")
    if "schema-registry" in ports:
        found["SCHEMA_REGISTRY_URL"] = endpoints.url("schema-registry")
    if "aws" in ports:
        found["AWS_ENDPOINT_URL"] = endpoints.url("aws")
        found["AWS_ACCESS_KEY_ID"] = credentials.aws_access_key_id
        found["AWS_SECRET_ACCESS_KEY"] = credentials.aws_secret_access_key
        found["AWS_REGION"] = found["AWS_DEFAULT_REGION"] = REGION
    if "postgres" in ports:
        administrator, database = credentials.administrator, credentials.administrators_database
        found["DATABASE_URL"] = _database_url(administrator, database, endpoints, credentials)
    if "redis" in ports:
        password = quote(credentials.password("redis"), safe="")
        found["REDIS_URL"] = f"redis://{f':{password}@' if password else ''}{endpoints.address('redis')}/0"
    if "telemetry" in ports:
        found["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoints.url("telemetry")
    return found


def _addresses(endpoints: Endpoints, services: set[str]) -> Mapping[str, str]:
    """Return the URL of each service, and `host:port` of each of its further ports."""
    found = {}
    for key in endpoints.ports:
        name, dot, port = key.partition(".")
        if name not in services:
            continue
        if dot:
            found[service_port_variable(name, port)] = endpoints.address(key)
        else:
            found[service_url_variable(name)] = endpoints.url(key)
    return found
