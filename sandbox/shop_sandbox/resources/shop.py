"""The whole start graph of a checkout: the platform's resources, what provisions them, and the services its manifests name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from shop_sandbox.endpoints import Viewer
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.manifest.faults import did_you_mean
from shop_sandbox.manifest.form import Needs, Service
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.names import part_name
from shop_sandbox.resources.limits import NO_LIMITS, Limits
from shop_sandbox.resources.model import PythonRuntime, Resource, ResourceKind
from shop_sandbox.resources.processes import build_task, builds_of, functions_task, processes


def resources_of(
    manifests: Sequence[Manifest],
    checkout: Path,
    service_globs: Sequence[str],
    *,
    shared_code: Sequence[Path] = (),
    viewers: Sequence[Viewer] = (),
    keys: Sequence[str] = (),
    limits: Mapping[str, Limits] = MappingProxyType({}),
    contract_commands: Sequence[Sequence[str]] = (),
    released_contracts: Path = Path("contracts/baselines"),
    contracts_stamp: Path | None = None,
) -> dict[str, Resource]:
    """Build the graph for manifests, which the globs have found, dependencies before what needs them.

    A store is in it when some service needs it; a checkout without manifests gets the bare platform. A change in one of the
    folders `shared_code` (relative to the checkout, or absolute) restarts every Python service of the checkout that it is in.
    `viewers` are those beside the processes of this machine that reach the stores; `keys` are ends of names of span attributes by
    which traces are found; `limits` are by name of a resource, and win over those of manifests. `contract_commands` are run when a
    schema of the checkout was edited, before it is registered, once the folder `released_contracts` is there; `contracts_stamp` is
    where it is kept which schemas have passed.

    Raises SandboxError (RESOURCE_UNKNOWN) for limits of what is not there.
    """
    shared = [folder for one in shared_code if (folder := checkout / one).is_dir()]
    services = [
        resource
        for manifest in manifests
        for resource in _of_service(manifest, checkout, service_globs, [one for one in shared if one.is_relative_to(manifest.root)])
    ]
    wanted = {name for service in services for name in service.needs} if services else set(_STORES)
    tasks = [task for task in _tasks(checkout, service_globs, manifests) if task.name in wanted]
    if contract_commands and contracts_stamp is not None:
        beside = sorted({(root / file).parent for root, file in _text_schemas(manifests) if (root / file).is_relative_to(checkout)})
        passing = {"checkout": checkout, "texts": beside, "commands": contract_commands, "released": released_contracts}
        tasks = list(_with_contracts_passed(tasks, checkout, passing, contracts_stamp))
    wanted.update(name for task in tasks for name in task.needs)
    if "schema-registry" in wanted:
        wanted.add("kafka")
    telemetry = replace(_TELEMETRY, environment={"SHOP_TELEMETRY_KEYS": ",".join(keys)})
    platform = [telemetry, *(_seen_by(store, viewers) for name, store in _STORES.items() if name in wanted)]
    found = {resource.name: resource for resource in (*platform, *tasks, *services)}
    if unknown := [name for name in limits if name not in found and name not in _STORES]:
        raise _unknown(unknown, found)
    return {name: replace(one, limits=one.limits.under(limits.get(name, NO_LIMITS))) for name, one in found.items()}


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


def _seen_by(store: Resource, viewers: Sequence[Viewer]) -> Resource:
    """Return Kafka with a listener for each viewer: it tells clients its address. Other stores answer whoever connects."""
    if store.kind is not ResourceKind.KAFKA:
        return store
    own = tuple(f"{store.name}.{viewer}" for viewer in viewers if viewer is not Viewer.HOST)
    return replace(store, ports=(*store.ports, *own))


_PROVISIONED = {"topics": "kafka", "schemas": "schema-registry", "aws": "aws", "databases": "postgres"}


def _tasks(checkout: Path, service_globs: Sequence[str], manifests: Sequence[Manifest]) -> list[Resource]:
    """Return the provisioning tasks; each reads the manifests itself, so that a description stays small and inert."""
    environment = {"SHOP_CHECKOUT": str(checkout), "SHOP_SERVICE_GLOBS": json.dumps(list(service_globs))}
    inputs = _inputs(manifests)
    texts = sorted({"/".join(("!", *file.parts[1:-1], f"*{file.suffix}")) for _, file in _text_schemas(manifests)})
    return [
        Resource(
            f"provision-{what}",
            ResourceKind.PROVISION,
            needs=(store,),
            runtime=PythonRuntime(f"shop_sandbox.provision.{what}:main"),
            watched=inputs.get(what, ()),
            ignored=(*_EVERYTHING_BUT_INPUTS, *texts) if what == "schemas" else _EVERYTHING_BUT_INPUTS,
            environment=environment,
        )
        for what, store in _PROVISIONED.items()
    ]


def _text_schemas(manifests: Sequence[Manifest]) -> Iterator[tuple[Path, Path]]:
    """Give the Avro and JSON Schemas, each behind its root. What they refer to lies beside them."""
    for manifest in manifests:
        for topic in manifest.service.needs.topics.produces:
            if not topic.schema.endswith(".proto"):
                yield manifest.root, Path(topic.schema)


def _with_contracts_passed(
    tasks: Iterable[Resource], checkout: Path, passing: Mapping[str, object], stamp: Path
) -> Iterator[Resource]:
    """Put a task before the one that registers schemas: what it refuses is never registered."""
    for task in tasks:
        own = tuple(folder for folder in task.watched if folder.is_relative_to(checkout))
        if task.name != "provision-schemas" or not own:
            yield task
            continue
        yield Resource(
            "check-contracts",
            ResourceKind.PROVISION,
            runtime=PythonRuntime("shop_sandbox.provision.contracts:main"),
            watched=own,
            ignored=task.ignored,
            environment={
                "SHOP_CONTRACTS": json.dumps({**passing, "folders": own}, default=str),
                "SHOP_CONTRACTS_STAMP": str(stamp),
            },
        )
        yield replace(task, needs=(*task.needs, "check-contracts"))


_EVERYTHING_BUT_INPUTS = ("*", "!*/", "!*.proto", "!*.sql")


def _inputs(manifests: Sequence[Manifest]) -> dict[str, tuple[Path, ...]]:
    """Return what the tasks read beside the manifests. An import of a schema is looked for in all folders above it."""
    schemas = [(one.root, topic.schema) for one in manifests for topic in one.service.needs.topics.produces]
    databases = [(manifest.folder, one) for manifest in manifests for one in manifest.service.needs.databases]
    return {
        "schemas": tuple(sorted({root / Path(schema).parts[0] for root, schema in schemas})),
        "databases": tuple(sorted(folder / one.migrations for folder, one in databases if one.migrations)),
    }


# --- services --------------------------------------------------------------------------------------------------------------


def _of_service(manifest: Manifest, checkout: Path, service_globs: Sequence[str], shared: Sequence[Path]) -> Iterator[Resource]:
    """Everything that runs for one service: builds, its functions, its process and its workers; each after what it needs.

    Whoever asks for the service gets its workers and functions along. Its processes wait for all builds but those of functions: a
    worker often runs what the service's build has made.
    """
    service = manifest.service
    needed = _needed(service)
    packages = {part_name(service.service, function.name) for function in service.functions}
    builds = {name: build_task(f"build-{name}", build, manifest, checkout) for name, build in builds_of(service).items()}
    programs = tuple(task.name for name, task in builds.items() if name not in packages)
    parts = [part_name(service.service, worker.name) for worker in service.workers]
    yield from builds.values()
    if service.functions:
        packed = (task.name for name, task in builds.items() if name in packages)
        task = functions_task(manifest, checkout, service_globs, needs=tuple(dict.fromkeys((*needed, "provision-aws", *packed))))
        parts.append(task.name)
        yield task
    for process in processes(manifest, shared):
        along = parts if process.name == service.service else []
        yield replace(process, needs=(*needed, *programs), uses=(*process.uses, *along))


def _needed(service: Service) -> tuple[str, ...]:
    """Return the stores and tasks whose results the service relies on when it starts."""
    needs = service.needs
    uses_topics = needs.topics.produces or needs.topics.consumes
    found: list[str] = []
    if uses_topics:
        found += ["provision-topics", "provision-schemas"]
    if _uses_aws(needs) or service.routes or service.gateway or service.alarms:
        found.append("provision-aws")
    if needs.databases:
        found.append("provision-databases")
    if needs.caches:
        found.append("redis")
    return tuple(found)


def _uses_aws(needs: Needs) -> bool:
    owned = (needs.tables, needs.queues, needs.notifications, needs.buckets, needs.secrets, needs.parameters)
    return any((*owned, needs.user_pools, needs.senders))
