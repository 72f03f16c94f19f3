"""Drivers that run stores in containers: prepared by pulling an image, probed and stamped as the embedded ones are."""

from __future__ import annotations

import time
from collections.abc import Mapping

from shop_sandbox.credentials import database_account
from shop_sandbox.endpoints import Viewer
from shop_sandbox.engines.docker import container, daemon, stores
from shop_sandbox.engines.docker.container import Contained, ContainerLaunch
from shop_sandbox.engines.docker.network import docker_of, name_of, network_of, resource_labels
from shop_sandbox.engines.docker.stores import StoreContainer
from shop_sandbox.engines.docker.volumes import ensure_volume
from shop_sandbox.environment import DATABASE_ADMINISTRATOR
from shop_sandbox.events import PreparationStarted
from shop_sandbox.health import aws as aws_health
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

    def __init__(self, *, has_neighbours: bool = False) -> None:
        """With neighbours its clients are containers, too: they share a network."""
        self.has_neighbours = has_neighbours

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have the image and the volume. Raises SandboxError (DOCKER_AWAY, IMAGE_MISSING)."""
        client = daemon.connect(context.inherited)
        image = str(self.store(resource, context).image)
        if not daemon.has_image(client, image):
            context.announce(PreparationStarted(at=time.time(), resource=resource.name, what=f"pulling {image}"))
            daemon.pull(client, image)
        ensure_volume(client, _name(resource, context), resource_labels(resource, context))

    def launch(self, resource: Resource, context: RunContext) -> ContainerLaunch:
        store, limits = self.store(resource, context), resource.limits
        return ContainerLaunch(
            docker=docker_of(context),
            name=_name(resource, context),
            contained=Contained(
                str(store.image),
                store.memory_mib if limits.memory_bytes is None else limits.memory_bytes >> 20,
                command=store.command,
                environment=store.environment,
                writable={store.data: _name(resource, context)},
                cpus=limits.cpus,
                seconds_to_stop=store.seconds_to_stop,
            ),
            published=self.published(store, resource, context),
            labels=resource_labels(resource, context),
            network=network_of(context.paths) if self.has_neighbours else None,
            alias=resource.name,
        )

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:
        """Say what runs."""
        raise NotImplementedError

    def published(self, store: StoreContainer, resource: Resource, context: RunContext) -> Mapping[int, int]:
        """Say which ports inside are at which of this machine's loopback."""
        return {store.published: context.endpoints.ports[resource.name]}

    def place(self, resource: Resource, context: RunContext) -> Place:
        return Place(keeper=_KEEPER, proof={**docker_of(context), "volume": _name(resource, context)})

    def recheck(self, resource: Resource, context: RunContext) -> None:
        """Nothing is taken on trust: the daemon checks what it pulls."""

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


class KafkaDriver(StoreDriver):
    """Runs the broker in a container."""

    def __init__(self, *, has_neighbours: bool = False) -> None:
        super().__init__(has_neighbours=has_neighbours)
        self._probe = kafka_health.Probe()

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:
        ports, own = context.endpoints.ports, f"localhost:{stores.KAFKA_PORT}"
        is_seen = self.has_neighbours or f"{resource.name}.{Viewer.CONTAINER}" in ports
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


class AwsDriver(StoreDriver):
    """Runs MiniStack in a container. It saves at an orderly end only."""

    loses_state_when_killed = True

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:  # noqa: ARG002 - the same for any emulator
        keys = context.credentials
        return stores.ministack(key_id=keys.aws_access_key_id, secret_key=keys.aws_secret_access_key)

    def probe(self, resource: Resource, context: RunContext) -> None:
        aws_health.probe(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id)

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return aws_health.read_stamp(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id)

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        aws_health.write_stamp(context.endpoints.ports[resource.name], context.credentials.aws_access_key_id, stamp)


def _administrators_password(context: RunContext) -> str:
    return context.credentials.password(database_account(DATABASE_ADMINISTRATOR))


def _name(resource: Resource, context: RunContext) -> str:
    return name_of(context.paths, resource.name)
