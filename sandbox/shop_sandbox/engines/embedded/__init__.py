"""The embedded engine: every resource as a plain process of this machine, without Docker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shop_sandbox.resources.model import ResourceKind

if TYPE_CHECKING:
    from shop_sandbox.engines.driver import Driver


def drivers() -> Mapping[ResourceKind, Driver]:
    """Give a driver for each kind of resource. They keep nothing between calls but connections to ask over."""
    # Imported here, because the emulator and the training run are modules of this package that start without the drivers.
    from shop_sandbox.engines.embedded.aws import AwsDriver
    from shop_sandbox.engines.embedded.chaos import ChaosDriver
    from shop_sandbox.engines.embedded.forked import RegistryDriver, ServiceDriver, TelemetryDriver
    from shop_sandbox.engines.embedded.kafka import KafkaDriver
    from shop_sandbox.engines.embedded.postgres import PostgresDriver
    from shop_sandbox.engines.embedded.redis import RedisDriver
    from shop_sandbox.engines.programs import TaskDriver

    return {
        ResourceKind.KAFKA: KafkaDriver(),
        ResourceKind.SCHEMA_REGISTRY: RegistryDriver(),
        ResourceKind.AWS: AwsDriver(),
        ResourceKind.POSTGRES: PostgresDriver(),
        ResourceKind.REDIS: RedisDriver(),
        ResourceKind.TELEMETRY: TelemetryDriver(),
        ResourceKind.CHAOS: ChaosDriver(),
        ResourceKind.PROVISION: TaskDriver(),
        ResourceKind.SERVICE: ServiceDriver(),
    }
