"""Names that a manifest gives to what runs, and to where it listens, without the whole start graph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from shop_sandbox.manifest.form import NoHealth, Runtime, Service
from shop_sandbox.manifest.names import part_name
from shop_sandbox.manifest.reading import read_manifests

PLATFORM = ("kafka", "schema-registry", "aws", "postgres", "redis", "telemetry")


def endpoints_of(checkout: Path, service_globs: Iterable[str]) -> tuple[str, ...]:
    """Return every endpoint that may have a fixed port: the platform's, and those of the services in sound manifests.

    Raises SandboxError(MANIFEST_INVALID) for globs that lead nowhere.
    """
    services = _services(checkout, service_globs)
    return (*PLATFORM, "kafka.controller", "kafka.container", *(key for one in services for key in _endpoints(one)))


def passed_by(service: Service) -> Iterable[str]:
    """Yield the variables of the developer's shell that a service and its builds want."""
    for runtime in (service.runtime, *(worker.runtime for worker in service.workers)):
        if runtime is not None:
            yield from runtime.pass_through
    builds = [runtime.build for runtime in (service.runtime, *(worker.runtime for worker in service.workers)) if runtime]
    for build in (*builds, *(function.build for function in service.functions)):
        if build is not None:
            yield from build.pass_through


def _services(checkout: Path, service_globs: Iterable[str]) -> list[Service]:
    return [reading.service for reading in read_manifests(checkout, tuple(service_globs)) if reading.service]


def _endpoints(service: Service) -> Iterable[str]:
    found = [(service.service, service.runtime)] if service.runtime else []
    found += [(part_name(service.service, worker.name), worker.runtime) for worker in service.workers]
    for name, runtime in found:
        yield from _of_process(name, runtime)


def _of_process(name: str, runtime: Runtime) -> Iterable[str]:
    if not isinstance(runtime.health, NoHealth):
        yield name
    yield from (f"{name}.{port}" for port in runtime.ports)
