"""What runs for one service: its process, its workers, the tasks that build them, and the one that deploys its functions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from shop_sandbox.manifest import form
from shop_sandbox.manifest.form import Build, NoHealth, Runtime, Service
from shop_sandbox.manifest.loader import Manifest
from shop_sandbox.manifest.names import part_name, topic_arn, variable
from shop_sandbox.resources.limits import Limits
from shop_sandbox.resources.model import (
    CommandHealth,
    CommandRuntime,
    HttpHealth,
    PythonRuntime,
    Resource,
    ResourceKind,
    TcpHealth,
)

_IN_ITS_OWN_PYTHON = "import importlib, sys; m, _, f = sys.argv[1].partition(':'); getattr(importlib.import_module(m), f)()"
"""Calls `package.module:function` in another interpreter, with the working directory on its import path."""


_RELEASED = ("/baselines/",)
"""In shared contracts, what is released: only checks read it."""


def processes(manifest: Manifest, shared: Sequence[Path]) -> Iterator[Resource]:
    """Yield the service's process, if it has one, and its workers; what they need is not filled in."""
    service = manifest.service
    if service.runtime is not None:
        yield _process(service.service, service.runtime, manifest, shared)
    for worker in service.workers:
        yield _process(part_name(service.service, worker.name), worker.runtime, manifest, shared)


def builds_of(service: Service) -> dict[str, Build]:
    """Return what the service builds, by the name of the part that it is for."""
    found: list[tuple[str, Build | None]] = [(service.service, service.runtime.build if service.runtime else None)]
    found += [(part_name(service.service, worker.name), worker.runtime.build) for worker in service.workers]
    found += [(part_name(service.service, function.name), function.build) for function in service.functions]
    return {name: build for name, build in found if build is not None}


def build_task(name: str, build: Build, manifest: Manifest, checkout: Path) -> Resource:
    """Return the task that makes what a process or function runs. It runs again when one of its inputs has changed."""
    folder = manifest.folder
    what = {"command": build.command, "folder": str(folder), "inputs": build.inputs, "outputs": build.outputs}
    stamp = checkout / ".shop-dev" / "builds" / f"{name}.sha256"
    return Resource(
        name,
        ResourceKind.PROVISION,
        runtime=PythonRuntime("shop_sandbox.provision.build:main"),
        watched=_paths(folder, build.inputs) or (folder,),
        ignored=_anchored(build.outputs),
        passes=build.pass_through,
        checkout=manifest.root,
        environment={"SHOP_BUILD": json.dumps(what), "SHOP_BUILD_STAMP": str(stamp)},
    )


def functions_task(manifest: Manifest, checkout: Path, service_globs: Sequence[str], *, needs: tuple[str, ...]) -> Resource:
    """Return the task that deploys the service's functions to the emulator; a service of functions alone is called like that."""
    service = manifest.service
    name = part_name(service.service, "functions") if service.runtime is not None else service.service
    packages = _paths(manifest.folder, [one.package for one in service.functions if one.package is not None])
    return Resource(
        name,
        ResourceKind.PROVISION,
        needs=needs,
        uses=tuple(service.needs.services),
        runtime=PythonRuntime("shop_sandbox.provision.functions:main"),
        watched=packages,
        environment={
            "SHOP_CHECKOUT": str(checkout),
            "SHOP_SERVICE_GLOBS": json.dumps(list(service_globs)),
            **_environment(manifest),
        },
    )


def _process(name: str, runtime: Runtime, manifest: Manifest, shared: Sequence[Path]) -> Resource:
    folder = manifest.folder
    own = () if isinstance(runtime.health, NoHealth) else (name,)
    outputs = [output for build in builds_of(manifest.service).values() for output in build.outputs]
    watched = _paths(folder, runtime.watch) or (folder,)
    return Resource(
        name,
        ResourceKind.SERVICE,
        uses=("telemetry", *manifest.service.needs.services),
        knows=manifest.service.needs.issuers,
        ports=(*own, *(f"{name}.{port}" for port in runtime.ports)),
        runtime=_runtime(runtime, folder),
        health=_health(runtime, folder),
        watched=(*watched, *shared) if runtime.python else watched,
        ignored=(*_anchored(outputs), *(_RELEASED if runtime.python else ()), *runtime.ignore),
        passes=runtime.pass_through,
        checkout=manifest.root,
        environment={**_environment(manifest), **runtime.environment},
        limits=_limits(runtime.limits),
    )


def _limits(limits: form.Limits) -> Limits:
    return Limits(memory_bytes=None if limits.memory_mib is None else limits.memory_mib << 20, cpus=limits.cpus)


def _runtime(runtime: Runtime, folder: Path) -> PythonRuntime | CommandRuntime:
    if runtime.python is None:
        return CommandRuntime(runtime.command or (), folder)
    if runtime.interpreter is None:
        return PythonRuntime(runtime.python)
    return CommandRuntime((str(folder / runtime.interpreter), "-u", "-c", _IN_ITS_OWN_PYTHON, runtime.python), folder)


def _health(runtime: Runtime, folder: Path) -> HttpHealth | TcpHealth | CommandHealth | None:
    match runtime.health:
        case form.HttpHealth(live=live, ready=ready):
            return HttpHealth(live, ready)
        case form.TcpHealth():
            return TcpHealth()
        case form.CommandHealth(command=command):
            return CommandHealth(command, folder)
        case NoHealth():
            return None


def _paths(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """Return names relative to the folder as the system tells of them: without `..` in between."""
    return tuple(Path(os.path.normpath(folder / name)) for name in names)


def _anchored(outputs: Sequence[str]) -> tuple[str, ...]:
    """Return outputs, which are relative to the folder, as patterns that mean just them."""
    return tuple(f"/{output.removeprefix('./').rstrip('/')}" for output in outputs)


def _environment(manifest: Manifest) -> dict[str, str]:
    """Return variables that are known before anything runs: who the service is and the real names of what it owns."""
    needs = manifest.service.needs
    found = {"SHOP_SERVICE": manifest.service.service}
    if manifest.service.resilience is not None:
        found["SHOP_RESILIENCE"] = msgspec.json.encode(manifest.service.resilience).decode()
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
    found.update((variable("SHOP_SENDER", entry.name), entry.identity) for entry in needs.senders)
    return found
