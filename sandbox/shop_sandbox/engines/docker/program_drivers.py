"""Drivers that run programs of the project in containers: services, the registry, telemetry. Probes come from this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from shop_sandbox.clock import ClockFile
from shop_sandbox.endpoints import Viewer
from shop_sandbox.engines import programs
from shop_sandbox.engines.docker import building, daemon, network
from shop_sandbox.engines.docker.container import Contained, ContainerLaunch
from shop_sandbox.engines.docker.network import docker_of, name_of, network_of, resource_labels
from shop_sandbox.environment import service_environment
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import PreparationStarted
from shop_sandbox.provision.told import told
from shop_sandbox.resources.model import PythonRuntime, Resource
from shop_sandbox.run_context import RunContext

_MEMORY_MIB = 512
"""The most that a program may use where nobody says otherwise."""
_CLOCK_INSIDE, _TRACES_INSIDE, _TLS_INSIDE = "/var/lib/shop-clock", "/var/lib/telemetry", "/var/lib/shop-tls"
_ANYWHERE = "0.0.0.0"  # noqa: S104  # nosec B104 # inside a container, whose network decides who gets there
_one_at_a_time = threading.Lock()
"""Images share their layers: whoever comes second finds them built."""


class ImageDriver(programs.ProgramDriver):
    """What programs from images of this checkout have in common."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have the image, of the code as it is now. Raises SandboxError (DOCKER_AWAY, IMAGE_MISSING, IMAGE_NOT_BUILT)."""
        if not isinstance(resource.runtime, PythonRuntime | None):
            raise _no_image(resource)
        client = daemon.connect(context.inherited)

        def say(line: str) -> None:
            context.announce(PreparationStarted(at=time.time(), resource=resource.name, what=line))

        checkout, name = _checkout_of(resource, context), _image_of(resource)
        with _one_at_a_time:
            (built,) = building.build(client, checkout, [name], say=say)
        client.images.get(built.image).tag(f"shop-dev/{name}", network.checkout_id(checkout))

    def launch(self, resource: Resource, context: RunContext) -> ContainerLaunch:
        ports = context.endpoints.ports
        return ContainerLaunch(
            docker=docker_of(context),
            name=name_of(context.paths, resource.name),
            contained=self.contained(resource, context),
            published={ports[key]: ports[key] for key in resource.ports},
            labels=resource_labels(resource, context),
            network=network_of(context.paths),
            alias=resource.name,
        )

    def contained(self, resource: Resource, context: RunContext) -> Contained:
        """Say what runs."""
        raise NotImplementedError


class RegistryDriver(ImageDriver, programs.RegistryProgram):
    """Runs the Schema Registry; it keeps its state in Kafka."""

    def contained(self, resource: Resource, context: RunContext) -> Contained:
        seen = context.endpoints.seen_by(Viewer.CONTAINER)
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": seen.address("kafka"),
            "PORT": str(seen.ports[resource.name]),
            "LISTEN_ADDRESS": _ANYWHERE,
        }
        return _guarded(resource, context, programs.REGISTRY_TARGET, own)


class TelemetryDriver(ImageDriver, programs.TelemetryProgram):
    """Runs the collector. Its database lies in a folder of the sandbox, where `shop-dev trace` reads it."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have the folder, with the database of an earlier run in it. Raises SandboxError (DOCKER_AWAY, IMAGE_NOT_BUILT)."""
        super().prepare(resource, context)
        database = context.paths.telemetry
        if not database.is_symlink():
            folder = database.with_suffix("")
            folder.mkdir(mode=0o700, exist_ok=True)
            for file in database.parent.glob(f"{database.name}*"):
                file.rename(folder / file.name)
            database.symlink_to(folder / database.name)

    def contained(self, resource: Resource, context: RunContext) -> Contained:
        database = context.paths.telemetry.readlink()
        own = {
            "SHOP_TELEMETRY_DB": f"{_TRACES_INSIDE}/{database.name}",
            "PORT": str(context.endpoints.ports[resource.name]),
            "LISTEN_ADDRESS": _ANYWHERE,
        }
        traces = {_TRACES_INSIDE: str(database.parent)}
        return _guarded(resource, context, programs.TELEMETRY_TARGET, {**own, **resource.environment}, writable=traces, user=_me())


class ServiceDriver(ImageDriver, programs.ServiceProgram):
    """Runs a service of a manifest; its manifest says how its health is known."""

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have the image, and a clock for the service. Raises SandboxError (DOCKER_AWAY, IMAGE_MISSING, IMAGE_NOT_BUILT)."""
        clock = ClockFile(context.paths.clock)
        clock.ensure()
        clock.path.chmod(0o644)  # nobody inside reads it; outside its folder is its owner's alone
        super().prepare(resource, context)

    def contained(self, resource: Resource, context: RunContext) -> Contained:
        if not isinstance(resource.runtime, PythonRuntime):
            raise _no_image(resource)
        secured = {key: file for key, file in resource.environment.items() if key.startswith("SHOP_TLS_")}
        environment = {**environment_inside(resource, context), **{key: _inside(file) for key, file in secured.items()}}
        mounts = {_CLOCK_INSIDE: str(context.paths.clock), **{_inside(file): file for file in secured.values()}}
        return _guarded(resource, context, resource.runtime.target, environment, mounts=mounts, user=_me() if secured else None)


def environment_inside(resource: Resource, context: RunContext) -> dict[str, str]:
    """Return exactly what a service in a container gets: the same as a process, as a container sees it."""
    seen = context.endpoints.seen_by(Viewer.CONTAINER)
    own = {"SHOP_CLOCK_FILE": _CLOCK_INSIDE, "LISTEN_ADDRESS": _ANYWHERE}
    given = {
        key: context.endpoints.as_seen_by(Viewer.CONTAINER, value)
        for key, value in told(context.paths.provisioned, resource.environment["SHOP_SERVICE"]).items()
    }
    return {**context.passed_to(resource), **own, **given, **service_environment(resource, seen, context.credentials)}


class TaskDriver(programs.TaskDriver):
    """Runs a task as a process of this machine; what it tells the emulator about addresses is as a container sees them."""

    viewer = Viewer.CONTAINER


def _guarded(
    resource: Resource,
    context: RunContext,
    target: str,
    environment: Mapping[str, str],
    *,
    mounts: Mapping[str, str] | None = None,
    writable: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Contained:
    limits = resource.limits
    return Contained(
        f"shop-dev/{_image_of(resource)}:{network.checkout_id(_checkout_of(resource, context))}",
        _MEMORY_MIB if limits.memory_bytes is None else limits.memory_bytes >> 20,
        command=(target,),
        environment=environment,
        mounts=mounts or {},
        writable=writable or {},
        cpus=limits.cpus,
        user=user,
        is_guarded=True,
    )


def _image_of(resource: Resource) -> str:
    return resource.environment.get("SHOP_SERVICE", building.PLATFORM) if resource.is_service else building.PLATFORM


def _checkout_of(resource: Resource, context: RunContext) -> Path:
    return resource.checkout or context.paths.checkout


def _inside(file: str) -> str:
    return f"{_TLS_INSIDE}/{Path(file).name}"


def _me() -> str:
    """Return who may read and write the sandbox's own folder."""
    return f"{os.getuid()}:{os.getgid()}"


def _no_image(resource: Resource) -> SandboxError:
    return SandboxError(
        ErrorCode.IMAGE_NOT_BUILT,
        f"{resource.name} is no service in Python, and `up` runs only these in containers",
        actions=("shop-dev up --engine mixed: stores in containers, services as processes",),
        detail={"resource": resource.name},
    )
