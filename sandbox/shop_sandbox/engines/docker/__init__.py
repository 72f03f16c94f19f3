"""Containers: what the stores run as in Docker, the images of services, and the compose file that is made from the manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shop_sandbox.resources.model import ResourceKind

if TYPE_CHECKING:
    from shop_sandbox.engines.driver import Driver


def drivers() -> Mapping[ResourceKind, Driver]:
    """Give a driver for each kind of resource that runs in a container. They keep no state between calls."""
    from shop_sandbox.engines.docker.store_drivers import KafkaDriver, PostgresDriver, RedisDriver

    return {ResourceKind.KAFKA: KafkaDriver(), ResourceKind.POSTGRES: PostgresDriver(), ResourceKind.REDIS: RedisDriver()}
