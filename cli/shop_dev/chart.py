"""The values of the Helm chart that the manifests say: what each service is, needs, calls and consumes.

Templates are written by hand and name no service. What differs between environments (addresses, accounts, replicas) stands in
`values-<environment>.yaml`, by hand too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Address, Endpoints, Viewer
from shop_sandbox.environment import PLATFORM_ENDPOINTS, service_environment
from shop_sandbox.manifest.form import Service
from shop_sandbox.manifest.form.deployment import Fargate
from shop_sandbox.manifest.loader import load_manifests
from shop_sandbox.manifest.names import service_url_variable
from shop_sandbox.resources.model import HttpHealth, PythonRuntime, Resource
from shop_sandbox.resources.shop import resources_of

FILE = "infra/helm/shop/values.yaml"
HTTP_PORT, FIRST_NAMED_PORT = 8080, 9090
_LAG = 100
"""Records a task may be behind, by which KEDA counts how many tasks there should be."""
_OF_THE_SANDBOX = frozenset({"SHOP_INSTANCE", "DATABASE_URL", "PORT", "OTEL_SERVICE_NAME"})
"""Variables that pods get otherwise, or not at all: copies of a Deployment have no numbers."""
_AWS = ("tables", "queues", "notifications", "buckets", "secrets", "parameters", "user_pools", "senders")
_NO_CREDENTIALS = Credentials(secret="")  # nosec B106 # what holds passwords is not taken from the variables
_HEADER = """\
# Made by `just reference` from the manifests; do not edit. The reference check says whether it is fresh.
# What differs between environments stands in values-<environment>.yaml beside it.
"""


def values(checkout: Path, service_globs: Sequence[str]) -> str:
    """Return values.yaml of a checkout. Raises SandboxError (MANIFEST_INVALID)."""
    manifests = load_manifests(checkout, service_globs)
    graph = resources_of(manifests, checkout, service_globs)
    services = {one.service.service: one.service for one in manifests}
    deployed = {
        name: resource
        for name, resource in graph.items()
        if resource.is_service
        and isinstance(resource.runtime, PythonRuntime)
        and isinstance(services[resource.environment["SHOP_SERVICE"]].deploy, Fargate)
    }
    endpoints = _endpoints(deployed)
    described = {name: _service(one, services, deployed, endpoints) for name, one in deployed.items()}
    return _HEADER + yaml.safe_dump({"services": described}, sort_keys=False, width=1000)


def _endpoints(deployed: Mapping[str, Resource]) -> Endpoints:
    """Return where services find each other: by name, at ports that are the same for all."""
    ports = {"postgres": 5432}
    for resource in deployed.values():
        named = sorted(key for key in resource.ports if "." in key)
        ports |= {key: FIRST_NAMED_PORT + number for number, key in enumerate(named)}
        ports |= {key: HTTP_PORT for key in resource.ports if "." not in key}
    elsewhere = {(Viewer.CONTAINER, key): Address(key.partition(".")[0], port) for key, port in ports.items()}
    return Endpoints(ports, Viewer.CONTAINER, elsewhere)


def _service(
    resource: Resource, services: Mapping[str, Service], deployed: Mapping[str, Resource], endpoints: Endpoints
) -> dict[str, Any]:
    owner = services[resource.environment["SHOP_SERVICE"]]
    needs, deploy = owner.needs, owner.deploy
    if not isinstance(resource.runtime, PythonRuntime) or not isinstance(deploy, Fargate):
        raise TypeError(f"{resource.name} is not deployed as a Python process")
    called = sorted({*resource.uses, *resource.knows} - PLATFORM_ENDPOINTS)
    consumed: dict[str, list[str]] = {}
    for topic in needs.topics.consumes:
        consumed.setdefault(topic.group, []).append(topic.name)
    environment = service_environment(resource, endpoints, _NO_CREDENTIALS)
    return {
        "summary": owner.summary,
        "owner": owner.owner,
        "run": resource.runtime.target,
        "cpu": f"{deploy.cpu * 1000 // 1024}m",
        "memory": f"{deploy.memory_mib}Mi",
        "tasks": {"min": deploy.tasks.min, "max": deploy.tasks.max},
        "ports": {"http": HTTP_PORT, **dict(_named_ports(resource, endpoints))},
        **({"probes": {"live": live, "ready": ready}} if (live := _live(resource)) and (ready := _ready(resource)) else {}),
        "isFrontDoor": owner.gateway is not None,
        "calls": [name for name in called if name in deployed],
        "calledBy": sorted(name for name, one in deployed.items() if resource.name in {*one.uses, *one.knows}),
        "outside": {service_url_variable(name): name for name in called if name not in deployed},
        "consumes": [{"group": group, "topic": topic, "lag": _LAG} for group, topics in consumed.items() for topic in topics],
        "uses": {
            "kafka": bool(needs.topics.consumes or needs.topics.produces),
            "postgres": bool(needs.databases),
            "redis": bool(needs.caches),
            "aws": any(getattr(needs, kind) for kind in _AWS),
        },
        "environment": {key: value for key, value in sorted(environment.items()) if key not in _OF_THE_SANDBOX},
    }


def _named_ports(resource: Resource, endpoints: Endpoints) -> Iterator[tuple[str, int]]:
    for key in sorted(resource.ports):
        _, dot, name = key.partition(".")
        if dot:
            yield name, endpoints.ports[key]


def _live(resource: Resource) -> str:
    return resource.health.live_path if isinstance(resource.health, HttpHealth) else ""


def _ready(resource: Resource) -> str:
    return resource.health.ready_path if isinstance(resource.health, HttpHealth) else ""
