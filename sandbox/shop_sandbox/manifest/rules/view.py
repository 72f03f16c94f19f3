"""What a rule sees: one sound manifest, and what all manifests together declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from shop_sandbox.manifest.faults import Path
from shop_sandbox.manifest.form import HttpHealth, HttpTrigger, Route, Runtime, Service, TcpHealth
from shop_sandbox.manifest.protobuf import ProtoOutline, outline
from shop_sandbox.manifest.reading import Reading

Finding = tuple[Path, str, str]
"""Path in the manifest, what is wrong, and what to do about it."""


@dataclass(frozen=True)
class View:
    """One sound manifest among all that could be read."""

    reading: Reading
    service: Service
    platform: Platform

    @property
    def folder(self) -> FilePath:
        """Where its `service.yaml` is."""
        return self.reading.file.parent

    @property
    def runtimes(self) -> Iterator[tuple[Path, Runtime]]:
        """Every process of the service, with its place in the manifest."""
        if self.service.runtime is not None:
            yield ("runtime",), self.service.runtime
        for position, worker in enumerate(self.service.workers):
            yield ("workers", position, "runtime"), worker.runtime


Rule = Callable[[View], Iterator[Finding]]


class Platform:
    """What all readings together declare. Those with faults count as far as they can be read, so that a fault has no echo."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings
        self._outlines: dict[FilePath, ProtoOutline | None] = {}

    def names(self, *path: str) -> dict[str, list[str]]:
        """Return names declared in the lists at `needs.<path>`, each with the services that declare it."""
        found: dict[str, list[str]] = {}
        for reading in self._readings:
            document = reading.document.data if reading.document else None
            service = dig(document, ("service",))
            for entry in dig(document, ("needs", *path)) or ():
                name = dig(entry, ("name",))
                if isinstance(name, str) and dig(entry, ("ownedBy",)) is None:
                    found.setdefault(name, []).append(str(service))
        return found

    @cached_property
    def services(self) -> dict[str, list[str]]:
        """Names of services, each with the files that claim it."""
        found: dict[str, list[str]] = {}
        for reading in self._readings:
            name = dig(reading.document.data if reading.document else None, ("service",))
            if isinstance(name, str):
                found.setdefault(name, []).append(reading.name)
        return found

    @cached_property
    def has_unread(self) -> bool:
        """Whether some file is no YAML at all, so that nothing can be said about what is missing."""
        return any(reading.document is None for reading in self._readings)

    @cached_property
    def calls(self) -> dict[str, tuple[str, ...]]:
        return {reading.service.service: reading.service.needs.services for reading in self._readings if reading.service}

    @cached_property
    def routes(self) -> dict[str, list[str]]:
        """Routes of API Gateway, as in `POST /v1/orders`, each with the services that claim it."""
        found: dict[str, list[str]] = {}
        for service in (one.service for one in self._readings if one.service):
            for _, route in routes_of(service):
                found.setdefault(f"{route.method} {route.path}", []).append(service.service)
        return found

    @cached_property
    def callable_services(self) -> frozenset[str]:
        """Names of services that can be called: by a port, or not known not to be."""
        silent = {one.service.service for one in self._readings if one.service and not _listens(one.service)}
        return frozenset(set(self.services) - silent)

    def outline(self, file: FilePath) -> ProtoOutline | None:
        """Return the outline of a Protobuf file; None where there is no such file."""
        if file not in self._outlines:
            try:
                self._outlines[file] = outline(file.read_text(encoding="utf-8", errors="replace"))
            except OSError:
                self._outlines[file] = None
        return self._outlines[file]


def _listens(service: Service) -> bool:
    runtime = service.runtime
    return runtime is not None and (isinstance(runtime.health, HttpHealth | TcpHealth) or bool(runtime.ports))


def dig(data: Any, path: Iterable[str]) -> Any:
    """Return what stands at `path` in plain data, or None."""
    for step in path:
        if not isinstance(data, dict):
            return None
        data = data.get(step)
    return data


def listed(names: Iterable[str]) -> str:
    """Join names in a sentence."""
    return " and ".join(sorted(names))


def routes_of(service: Service) -> Iterator[tuple[Path, Route | HttpTrigger]]:
    """Every route of API Gateway that the service claims, for its process and for its functions, with its place."""
    for position, route in enumerate(service.routes):
        yield ("routes", position), route
    for position, function in enumerate(service.functions):
        for number, trigger in enumerate(function.triggers):
            if isinstance(trigger, HttpTrigger):
                yield ("functions", position, "triggers", number), trigger
