"""The whole start graph of a checkout: the platform's resources, what provisions them, and the services its manifests name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.faults import did_you_mean
from shop_sandbox.manifest.form import Needs
from shop_sandbox.manifest.loader import Manifest, load_manifests
from shop_sandbox.manifest.names import topic_arn, variable
from shop_sandbox.resources.model import CommandRuntime, HttpHealth, PythonRuntime, Resource, ResourceKind

_SHARED_CODE = ("services/shop_kit", "contracts/shop_contracts")
"""Folders of a checkout whose code runs inside its Python services, as far as they are there."""


def build_resources(checkout: Path, service_globs: Sequence[str]) -> dict[str, Resource]:
    """Build the graph for the manifests that the globs find, dependencies before what needs them.

    A store is in it when some service needs it; a checkout without manifests gets the bare platform. Raises
    SandboxError(MANIFEST_INVALID) with every fault of every manifest.
    """
    manifests = load_manifests(checkout, service_globs)
    services = [_service(manifest, checkout) for manifest in manifests]
    wanted = {name for service in services for name in service.needs} if services else set(_STORES)
    tasks = [task for task in _tasks(checkout, service_globs) if task.name in wanted]
    wanted.update(name for task in tasks for name in task.needs)
    if "schema-registry" in wanted:
        wanted.add("kafka")
    platform = [_TELEMETRY, *(store for name, store in _STORES.items() if name in wanted)]
    return {resource.name: resource for resource in (*platform, *tasks, *services)}


def closure(resources: Mapping[str, Resource], names: Iterable[str]) -> dict[str, Resource]:
    """Choose the named resources and all they need or use; everything where no name is given. Keeps the order of `resources`.

    Raises SandboxError(RESOURCE_UNKNOWN) for a name that is not there.
    """
    asked = tuple(dict.fromkeys(names))
    unknown = [name for name in asked if name not in resources]
    if unknown:
        raise _unknown(unknown, resources)
    if not asked:
        return dict(resources)
    chosen: set[str] = set()
    ahead = list(asked)
    while ahead:
        name = ahead.pop()
        if name not in chosen:
            chosen.add(name)
            ahead += [*resources[name].needs, *resources[name].uses]
    return {name: resource for name, resource in resources.items() if name in chosen}


def _unknown(names: list[str], resources: Mapping[str, Resource]) -> SandboxError:
    told = "; ".join(f"there is no resource {name!r} ({did_you_mean(name, resources)})" for name in names)
    return SandboxError(
        ErrorCode.RESOURCE_UNKNOWN,
        told,
        actions=(f"name one of: {', '.join(resources)}",),
        detail={"unknown": names, "known": list(resources)},
    )


# --- platform --------------------------------------------------------------------------------------------------------------

_TELEMETRY = Resource("telemetry", ResourceKind.TELEMETRY, ports=("telemetry",))
_STORES = {
    store.name: store
    for store in (
        Resource("kafka", ResourceKind.KAFKA, ports=("kafka", "kafka.controller")),
        Resource("aws", ResourceKind.AWS, ports=("aws",)),
        Resource("postgres", ResourceKind.POSTGRES, ports=("postgres",)),
        Resource("redis", ResourceKind.REDIS, ports=("redis",)),
        Resource("schema-registry", ResourceKind.SCHEMA_REGISTRY, needs=("kafka",), ports=("schema-registry",)),
    )
}
_PROVISIONED = {"topics": "kafka", "schemas": "schema-registry", "aws": "aws", "databases": "postgres"}


def _tasks(checkout: Path, service_globs: Sequence[str]) -> list[Resource]:
    """Return the provisioning tasks; each reads the manifests itself, so that a description stays small and inert."""
    environment = {"SHOP_CHECKOUT": str(checkout), "SHOP_SERVICE_GLOBS": json.dumps(list(service_globs))}
    return [
        Resource(
            f"provision-{what}",
            ResourceKind.PROVISION,
            needs=(store,),
            runtime=PythonRuntime(f"shop_sandbox.provision.{what}:main"),
            environment=environment,
        )
        for what, store in _PROVISIONED.items()
    ]


# --- services --------------------------------------------------------------------------------------------------------------


def _service(manifest: Manifest, checkout: Path) -> Resource:
    service = manifest.service
    runtime = service.runtime
    shared = [folder for one in _SHARED_CODE if (folder := checkout / one).is_dir()]
    return Resource(
        service.service,
        ResourceKind.SERVICE,
        needs=_needed(service.needs),
        uses=("telemetry", *service.needs.services),
        ports=(service.service, *(f"{service.service}.{name}" for name in runtime.ports)),
        runtime=PythonRuntime(runtime.python) if runtime.python else CommandRuntime(runtime.command or (), manifest.folder),
        health=HttpHealth(runtime.health, runtime.ready),
        watched=(manifest.folder, *shared) if runtime.python else (manifest.folder,),
        environment=_environment(manifest),
    )


def _needed(needs: Needs) -> tuple[str, ...]:
    """Return the stores and tasks whose results the service relies on when it starts."""
    uses_topics = needs.topics.produces or needs.topics.consumes
    uses_aws = needs.tables or needs.queues or needs.notifications or needs.buckets or needs.secrets or needs.parameters
    found: list[str] = []
    if uses_topics:
        found += ["provision-topics", "provision-schemas"]
    if uses_aws:
        found.append("provision-aws")
    if needs.databases:
        found.append("provision-databases")
    if needs.caches:
        found.append("redis")
    return tuple(found)


def _environment(manifest: Manifest) -> dict[str, str]:
    """Return variables that are known before anything runs: who the service is and the real names of what it owns."""
    needs = manifest.service.needs
    found = {"SHOP_SERVICE": manifest.service.service}
    for database in needs.databases:
        found["SHOP_DATABASE"] = database.name
    for prefix, entries in (
        ("SHOP_TABLE", needs.tables),
        ("SHOP_QUEUE", needs.queues),
        ("SHOP_BUCKET", needs.buckets),
        ("SHOP_CACHE", needs.caches),
        ("SHOP_SECRET", needs.secrets),
        ("SHOP_PARAMETER", needs.parameters),
    ):
        found.update((variable(prefix, entry.name), entry.name) for entry in entries)
    found.update((variable("SHOP_NOTIFICATION", entry.name), topic_arn(entry.name)) for entry in needs.notifications)
    return {**found, **manifest.service.runtime.environment}
