"""The compose file: the start graph of the manifests as containers, for `docker compose` alone.

Services, tasks and stores have the names, needs and variables that they have in a sandbox. What differs is where they find each
other: by name, in a network of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Address, Endpoints, Viewer
from shop_sandbox.engines.docker import compose_form as form
from shop_sandbox.engines.docker import observability, stores
from shop_sandbox.engines.docker.compose_form import SERVICE_PORT
from shop_sandbox.engines.docker.images import LOCALSTACK, digests, pinned
from shop_sandbox.environment import sandbox_environment, service_environment
from shop_sandbox.manifest.form import Service
from shop_sandbox.manifest.form.deployment import Fargate
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.manifest.names import ACCOUNT_ID
from shop_sandbox.resources.model import CommandRuntime, PythonRuntime, Resource, ResourceKind
from shop_sandbox.resources.shop import resources_of

FILE = "compose.yaml"
FIRST_NAMED_PORT, REGISTRY_PORT, FRONT_DOOR_PORT = 9090, 8081, 8080
CHECKOUT_INSIDE, TOLD_INSIDE = "/shop", "/var/lib/shop"
_HEADER = f"""\
# Made by `shop-dev compose` from the manifests; do not edit. `shop-dev compose --check` says whether it is fresh.
#
#   docker compose --profile shop up --wait      everything: stores, provisioning, services
#   docker compose --profile infra up --wait     the stores and the Schema Registry alone
#   SHOP_OTLP_ENDPOINT=http://collector:4318 docker compose --profile shop --profile observability up --wait
#                                                with metrics and traces: Grafana is at http://127.0.0.1:3000
#
# Everything listens on 127.0.0.1 only, so the passwords in this file guard nothing that others reach. They are the same in every
# checkout, and must not be used anywhere else. SHOP_<NAME>_PORT chooses a port, as in `SHOP_EDGE_PORT=8888 docker compose ...`.
#
# AWS is MiniStack. `SHOP_AWS=localstack docker compose --profile shop --profile localstack up` puts LocalStack in its place, with
# MiniStack beside it for what LocalStack {LOCALSTACK.tag} has not (Cognito, HTTP APIs). It is pinned, for it is
# {LOCALSTACK.why}.
"""
_SECRET = hashlib.sha256(b"shop-dev compose: known to everybody").hexdigest()
_AWS_SECRET_KEY = "local"  # noqa: S105  # nosec B105 # the emulators check no signature
_AWS_URL = f"http://${{SHOP_AWS:-ministack}}:{stores.AWS_PORT}"
_BESIDE = ("COGNITO_IDENTITY_PROVIDER", "APIGATEWAYV2")
"""Services of AWS that only MiniStack has, as AWS's own variables call them: `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`."""


@dataclass(frozen=True)
class Composed:
    """The text of the file, and what it cannot hold: services that are no Python and have no Dockerfile beside their manifests, and
    tasks that build or deploy something for one service. `targets` is what its Prometheus looks at."""

    text: str
    left_out: tuple[str, ...]
    targets: str


def compose(checkout: Path, service_globs: Sequence[str]) -> Composed:
    """Return the compose file of a checkout. Raises SandboxError (MANIFEST_INVALID)."""
    manifests = load_manifests(checkout, service_globs)
    graph = resources_of(manifests, checkout, service_globs)
    runnable = {name: one for name, one in graph.items() if _is_runnable(one)}
    left_out = tuple(name for name, one in graph.items() if name not in runnable and one.kind is not ResourceKind.TELEMETRY)
    file = _File(
        checkout,
        runnable,
        {one.service.service: one.service for one in manifests},
        _endpoints(runnable),
        Credentials(secret=_SECRET),
    )
    targets = observability.targets(runnable, file.endpoints.ports)
    return Composed(f"{_HEADER}\n{form.as_yaml(file.document())}", left_out, targets)


def _is_runnable(resource: Resource) -> bool:
    match resource.runtime:
        case PythonRuntime():
            return resource.is_service or "SHOP_SERVICE" not in resource.environment
        case CommandRuntime(cwd=folder):
            return resource.is_service and (folder / "Dockerfile").is_file()
        case None:
            return resource.kind is not ResourceKind.TELEMETRY


def _endpoints(graph: Mapping[str, Resource]) -> Endpoints:
    """Return where each is for another container: under its own name, at a port that is the same for all of its kind."""
    ports: dict[str, int] = {}
    for resource in graph.values():
        named = sorted(key for key in resource.ports if "." in key)
        ports |= {key: FIRST_NAMED_PORT + number for number, key in enumerate(named)}
        ports |= {key: _PORTS.get(resource.kind, SERVICE_PORT) for key in resource.ports if "." not in key}
    hosts = {key: "${SHOP_AWS:-ministack}" if key == "aws" else key.partition(".")[0] for key in ports}
    elsewhere = {(Viewer.CONTAINER, key): Address(hosts[key], port) for key, port in ports.items()}
    return Endpoints(ports, Viewer.CONTAINER, elsewhere)


_PORTS = {
    ResourceKind.KAFKA: stores.KAFKA_PORT,
    ResourceKind.SCHEMA_REGISTRY: REGISTRY_PORT,
    ResourceKind.AWS: stores.AWS_PORT,
    ResourceKind.POSTGRES: stores.POSTGRES_PORT,
    ResourceKind.REDIS: stores.REDIS_PORT,
}


@dataclass(frozen=True)
class _File:
    checkout: Path
    graph: Mapping[str, Resource]
    services: Mapping[str, Service]
    endpoints: Endpoints
    credentials: Credentials

    def document(self) -> dict[str, Any]:
        """Return the file as data."""
        containers = dict(self._containers())
        if observability.is_wanted(self.checkout):
            containers |= dict(observability.containers())
        known = digests(self.checkout)
        containers = {name: {**one, "image": pinned(one["image"], known)} for name, one in containers.items()}
        mounted = (volume.partition(":")[0] for one in containers.values() for volume in one.get("volumes", ()))
        kept = sorted({name for name in mounted if not name.startswith(".")})
        return {
            "services": containers,
            "networks": {"default": {"driver_opts": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}}},
            "volumes": dict.fromkeys(kept),
        }

    def _containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.graph.items():
            match resource.kind:
                case ResourceKind.AWS:
                    yield from self._emulators()
                case ResourceKind.SCHEMA_REGISTRY:
                    yield name, self._registry(resource)
                case ResourceKind.PROVISION:
                    yield name, self._task(resource)
                case ResourceKind.SERVICE:
                    yield name, self._service(resource)
                case _:
                    yield name, self._store(resource)

    # --- stores --------------------------------------------------------------------------------------------------------------

    def _store(self, resource: Resource) -> dict[str, Any]:
        name = resource.name
        match resource.kind:
            case ResourceKind.KAFKA:
                port = stores.KAFKA_PORT
                on_host = f"127.0.0.1:{form.chosen_port(name, port)}"
                store = stores.kafka(told_to_host=on_host, told_to_containers=f"{name}:{port}")
            case ResourceKind.POSTGRES:
                store = stores.postgres(self.credentials)
            case _:
                store = stores.redis(self.credentials)
        return form.stored(name, store, profiles=["infra", "shop"])

    def _emulators(self) -> Iterator[tuple[str, dict[str, Any]]]:
        ministack = stores.ministack(key_id=ACCOUNT_ID, secret_key=_AWS_SECRET_KEY)
        yield "ministack", form.stored("ministack", ministack, profiles=["infra", "shop"], variable_of="aws")
        yield (
            "localstack",
            form.stored("localstack", stores.localstack(key_id=ACCOUNT_ID), profiles=["localstack"], default_port=4567),
        )

    # --- what runs from images of ours ---------------------------------------------------------------------------------------

    def _registry(self, resource: Resource) -> dict[str, Any]:
        own = {"KAFKA_BOOTSTRAP_SERVERS": self.endpoints.address("kafka"), "PORT": str(REGISTRY_PORT), "LISTEN_ADDRESS": "0.0.0.0"}  # noqa: S104  # nosec B104 # inside a container
        return {
            **form.image("platform"),
            "command": ["shop_contracts.registry.__main__:main"],
            "profiles": ["infra", "shop"],
            "environment": own,
            "ports": [form.published(resource.name, REGISTRY_PORT, REGISTRY_PORT)],
            "depends_on": self._dependencies(resource),
            "healthcheck": form.health(form.asks_http(REGISTRY_PORT, "/subjects")),
            **form.guarded(512),
            "restart": "unless-stopped",
        }

    def _task(self, resource: Resource) -> dict[str, Any]:
        environment = {**sandbox_environment(self.endpoints, self.credentials), **self._aws(), **resource.environment}
        environment["SHOP_CHECKOUT"] = CHECKOUT_INSIDE
        environment["SHOP_PROVISIONED"] = f"{TOLD_INSIDE}/provisioned.json"
        if resource.name == "provision-databases":
            environment |= {"SHOP_CREDENTIALS": "/tmp/credentials.json", "SHOP_SECRET": _SECRET}  # noqa: S108  # nosec B108 # a tmpfs of its own
        return {
            **self._image_of(resource, "platform"),
            "profiles": ["shop"],
            "environment": dict(sorted(environment.items())),
            "volumes": [f"told:{TOLD_INSIDE}"],
            "depends_on": self._dependencies(resource),
            **form.guarded(512),
        }

    def _service(self, resource: Resource) -> dict[str, Any]:
        owner = self.services[resource.environment["SHOP_SERVICE"]]
        environment = {**service_environment(resource, self.endpoints, self.credentials), **self._aws()}
        environment |= {"LISTEN_ADDRESS": "0.0.0.0", "SHOP_PROVISIONED": f"{TOLD_INSIDE}/provisioned.json"}  # noqa: S104  # nosec B104 # inside a container
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "${SHOP_OTLP_ENDPOINT:-}"
        front = FRONT_DOOR_PORT if owner.gateway is not None else None
        return {
            **self._image_of(resource),
            "profiles": ["shop"],
            "environment": dict(sorted(environment.items())),
            "ports": [
                form.published(key, self.endpoints.ports[key], front if key == resource.name else None)
                for key in sorted(resource.ports)
            ],
            "volumes": [f"told:{TOLD_INSIDE}:ro"],
            "depends_on": self._dependencies(resource),
            **({"healthcheck": form.health(check)} if (check := form.check_of(resource)) else {}),
            **form.guarded(owner.deploy.memory_mib if isinstance(owner.deploy, Fargate) else 512),
            "restart": "unless-stopped",
        }

    def _image_of(self, resource: Resource, name: str | None = None) -> dict[str, Any]:
        match resource.runtime:
            case PythonRuntime(target=target):
                return {**form.image(name or resource.name), "command": [target]}
            case CommandRuntime(cwd=folder):
                return form.image(resource.name, {"context": f"./{folder.relative_to(self.checkout).as_posix()}"})
            case None:
                raise ValueError(f"{resource.name} says not how it runs")

    def _aws(self) -> dict[str, str]:
        """Both emulators take the account's number as a key, and belong to that account then."""
        beside = {f"AWS_ENDPOINT_URL_{name}": f"http://ministack:{stores.AWS_PORT}" for name in _BESIDE}
        keys = {"AWS_ACCESS_KEY_ID": ACCOUNT_ID, "AWS_SECRET_ACCESS_KEY": _AWS_SECRET_KEY}
        return {"AWS_ENDPOINT_URL": _AWS_URL, **beside, **keys}

    def _dependencies(self, resource: Resource) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for need in (name for name in resource.needs if name in self.graph):
            done = self.graph[need].is_task
            name = "ministack" if need == "aws" else need
            found[name] = {"condition": "service_completed_successfully" if done else "service_healthy"}
            if need == "aws":
                found["localstack"] = {"condition": "service_healthy", "required": False}
        return found
