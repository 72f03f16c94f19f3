"""Drivers that run stores in containers: prepared by pulling an image, probed and stamped as the embedded ones are."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

from shop_sandbox.credentials import database_account
from shop_sandbox.endpoints import Viewer
from shop_sandbox.engines.docker import container, daemon, stores
from shop_sandbox.engines.docker.container import LABEL, ContainerLaunch
from shop_sandbox.engines.docker.stores import StoreContainer
from shop_sandbox.engines.docker.volumes import ensure_volume
from shop_sandbox.environment import DATABASE_ADMINISTRATOR
from shop_sandbox.events import PreparationStarted
from shop_sandbox.health import kafka as kafka_health
from shop_sandbox.health import postgres as postgres_health
from shop_sandbox.health import redis as redis_health
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext
from shop_sandbox.state import Place

_KEEPER = "shop_sandbox.engines.docker.volumes:volumes"


class StoreDriver:
    """What stores in containers have in common."""

    loses_state_when_killed = False
    takes_files_on_trust = False

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have the image and the volume. Raises SandboxError (DOCKER_AWAY, IMAGE_MISSING)."""
        client = daemon.connect(context.inherited)
        image = str(self.store(resource, context).image)
        if not daemon.has_image(client, image):
            context.announce(PreparationStarted(at=time.time(), resource=resource.name, what=f"pulling {image}"))
            daemon.pull(client, image)
        ensure_volume(client, _name(resource, context), _labels(resource, context))

    def launch(self, resource: Resource, context: RunContext) -> ContainerLaunch:
        store = self.store(resource, context)
        return ContainerLaunch(
            docker=_docker(context),
            name=_name(resource, context),
            volume=_name(resource, context),
            store=store,
            published=self.published(store, resource, context),
            labels=_labels(resource, context),
        )

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:
        """Say what runs."""
        raise NotImplementedError

    def published(self, store: StoreContainer, resource: Resource, context: RunContext) -> Mapping[int, int]:
        """Say which ports inside are at which of this machine's loopback."""
        return {store.published: context.endpoints.ports[resource.name]}

    def place(self, resource: Resource, context: RunContext) -> Place:
        return Place(keeper=_KEEPER, proof={**_docker(context), "volume": _name(resource, context)})

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust: the daemon checks what it pulls."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


class KafkaDriver(StoreDriver):
    """Runs the broker in a container."""

    def __init__(self) -> None:
        self._probe = kafka_health.Probe()

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:
        ports, own = context.endpoints.ports, f"localhost:{stores.KAFKA_PORT}"
        is_seen = f"{resource.name}.{Viewer.CONTAINER}" in ports
        others = context.endpoints.seen_by(Viewer.CONTAINER).address(resource.name) if is_seen else own
        return stores.kafka(told_to_host=f"127.0.0.1:{ports[resource.name]}", told_to_containers=others)

    def published(self, store: StoreContainer, resource: Resource, context: RunContext) -> Mapping[int, int]:
        seen = context.endpoints.ports.get(f"{resource.name}.{Viewer.CONTAINER}")
        return {**super().published(store, resource, context), **({store.port: seen} if seen else {})}

    def probe(self, resource: Resource, context: RunContext) -> None:
        self._probe.ask(context.endpoints.ports[resource.name])

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return container.read_file(context.inherited, _name(resource, context), f"{stores.KAFKA_DATA}/{_STAMP}")

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        container.write_file(context.inherited, _name(resource, context), stores.KAFKA_DATA, _STAMP, stamp)


_STAMP = "shop-dev.stamp"
"""Among the records' folders: brokers look at folders there only, so it is kept and lost with the records."""


class PostgresDriver(StoreDriver):
    """Runs PostgreSQL in a container."""

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:  # noqa: ARG002 - the same for any server
        return stores.postgres(context.credentials)

    def probe(self, resource: Resource, context: RunContext) -> None:
        postgres_health.probe(context.endpoints.ports[resource.name], _administrators_password(context))

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return postgres_health.read_stamp(context.endpoints.ports[resource.name], _administrators_password(context))

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        postgres_health.write_stamp(context.endpoints.ports[resource.name], _administrators_password(context), stamp)


class RedisDriver(StoreDriver):
    """Runs Valkey in a container."""

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:  # noqa: ARG002 - the same for any server
        return stores.redis(context.credentials)

    def probe(self, resource: Resource, context: RunContext) -> None:
        redis_health.probe(context.endpoints.ports[resource.name], context.credentials.password("redis"))

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return redis_health.read_stamp(context.endpoints.ports[resource.name], context.credentials.password("redis"))

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        redis_health.write_stamp(context.endpoints.ports[resource.name], context.credentials.password("redis"), stamp)


def _administrators_password(context: RunContext) -> str:
    return context.credentials.password(database_account(DATABASE_ADMINISTRATOR))


def _docker(context: RunContext) -> dict[str, str]:
    """Return which daemon it is: a sweep must ask the same one."""
    return {"DOCKER_HOST": context.inherited.get("DOCKER_HOST") or daemon.DEFAULT_SOCKET}


def _name(resource: Resource, context: RunContext) -> str:
    """Return a name that no other checkout's container has."""
    checkout = hashlib.sha256(str(context.paths.checkout).encode()).hexdigest()[:8]
    return f"shop-dev-{checkout}-{context.paths.name}-{resource.name}"


def _labels(resource: Resource, context: RunContext) -> dict[str, str]:
    """Return whose it is: `docker ps --filter label=dev.shop-dev.checkout=PATH` finds all of a checkout."""
    told = {"checkout": str(context.paths.checkout), "sandbox": context.paths.name, "resource": resource.name}
    return {f"{LABEL}.{key}": value for key, value in told.items()}
