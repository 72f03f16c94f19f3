"""What a resource is, before anybody runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from shop_sandbox.resources.limits import NO_LIMITS, Limits


class ResourceKind(StrEnum):
    """What an engine must know how to run."""

    KAFKA = "kafka"
    SCHEMA_REGISTRY = "schema-registry"
    AWS = "aws"
    POSTGRES = "postgres"
    REDIS = "redis"
    TELEMETRY = "telemetry"
    CHAOS = "chaos"  # proxies between services and what they call
    PROVISION = "provision"  # a task: ends, and is ready when it ended well
    SERVICE = "service"


@dataclass(frozen=True)
class Resource:
    """One node of the start graph.

    `needs` are names of resources that must be ready (or done) first; `uses` are started with this one, but not waited for (a
    service that it calls, telemetry); of those it `knows` it has the address only. `ports` are keys of `Endpoints.ports` (`orders`,
    `orders.grpc`); the supervisor chooses and holds a loopback port for each. `runtime` says how a service or task runs and is None
    for the platform's own resources, whose engine knows. `watched` are files and folders whose changes start the resource again,
    but for those that `ignored` names, in the notation of `.gitignore`. `passes` are variables that it
    gets from the developer's shell; `checkout` is whose shell that is: the root of the manifest's checkout.
    """

    name: str
    kind: ResourceKind
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    runtime: PythonRuntime | CommandRuntime | None = None
    health: HttpHealth | TcpHealth | CommandHealth | None = None
    watched: tuple[Path, ...] = ()
    ignored: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    checkout: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    limits: Limits = NO_LIMITS

    @property
    def is_task(self) -> bool:
        """True for what ends, and has done its work when it ended well."""
        return self.kind is ResourceKind.PROVISION

    @property
    def is_service(self) -> bool:
        """True for a process of a manifest, whose place a developer's own may take."""
        return self.kind is ResourceKind.SERVICE

    @property
    def speaks_http(self) -> bool:
        """True where clients are given a URL; false where they write `host:port`."""
        return self.kind not in (ResourceKind.KAFKA, ResourceKind.POSTGRES, ResourceKind.REDIS)

    @property
    def waits_by_itself(self) -> bool:
        """True where the process may be there before what it needs is ready: the registry asks for Kafka until that answers, and
        has imported everything by then."""
        return self.kind is ResourceKind.SCHEMA_REGISTRY

    @property
    def may_leave_first(self) -> bool:
        """True where a stop need not wait for clients: the registry's state is in Kafka, and its clients keep what they have
        read."""
        return self.kind is ResourceKind.SCHEMA_REGISTRY

    @property
    def stays_for_its_users(self) -> bool:
        """True where a stop waits also for those that only use it: telemetry hears the last words of all others."""
        return self.kind is ResourceKind.TELEMETRY


@dataclass(frozen=True)
class PythonRuntime:
    """A function in a fresh interpreter state: `package.module:function`, called without arguments in a process of its own."""

    target: str


@dataclass(frozen=True)
class CommandRuntime:
    """Any program. It finds its port in `PORT` and everything else in the sandbox's environment variables."""

    argv: tuple[str, ...]
    cwd: Path


@dataclass(frozen=True)
class HttpHealth:
    """Paths answered with 200 when the process lives (`live_path`) and when it can do its work (`ready_path`)."""

    live_path: str
    ready_path: str


@dataclass(frozen=True)
class TcpHealth:
    """Something accepts connections at the resource's first port."""


@dataclass(frozen=True)
class CommandHealth:
    """A program that ends with status 0 when the resource can do its work."""

    argv: tuple[str, ...]
    cwd: Path
