"""Containers: what stores and services run as in Docker, the images of services, and the compose file made from the manifests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from shop_sandbox.resources.model import ResourceKind

if TYPE_CHECKING:
    from shop_sandbox.endpoints import Elsewhere
    from shop_sandbox.engines.driver import Driver


def drivers(contained: Collection[ResourceKind]) -> Mapping[ResourceKind, Driver]:
    """Give a driver for each of these kinds, to run in a container. They keep no state between calls.

    Where services are among them, all share a network, and tasks (which are never contained) know addresses as containers do.
    """
    from shop_sandbox.engines.docker import program_drivers as programs
    from shop_sandbox.engines.docker import store_drivers as stores

    has_neighbours = ResourceKind.SERVICE in contained
    known: Mapping[ResourceKind, Driver] = {
        ResourceKind.KAFKA: stores.KafkaDriver(has_neighbours=has_neighbours),
        ResourceKind.SCHEMA_REGISTRY: programs.RegistryDriver(),
        ResourceKind.AWS: stores.AwsDriver(has_neighbours=has_neighbours),
        ResourceKind.POSTGRES: stores.PostgresDriver(has_neighbours=has_neighbours),
        ResourceKind.REDIS: stores.RedisDriver(has_neighbours=has_neighbours),
        ResourceKind.TELEMETRY: programs.TelemetryDriver(),
        ResourceKind.SERVICE: programs.ServiceDriver(),
    }
    tasks: Mapping[ResourceKind, Driver] = {ResourceKind.PROVISION: programs.TaskDriver()} if has_neighbours else {}
    return {**tasks, **{kind: known[kind] for kind in contained}}


def neighbours(ports: Mapping[str, int]) -> Elsewhere:
    """Tell containers where others are, given the ports on this machine."""
    from shop_sandbox.engines.docker.network import Neighbours
    from shop_sandbox.engines.docker.stores import PORTS_INSIDE

    return Neighbours(ports, PORTS_INSIDE)
