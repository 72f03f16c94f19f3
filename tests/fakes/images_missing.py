"""The mixed engine with a Redis whose image no registry has."""

from __future__ import annotations

from dataclasses import replace

from shop_sandbox.engines.docker.images import Image
from shop_sandbox.engines.docker.store_drivers import RedisDriver
from shop_sandbox.engines.docker.stores import StoreContainer
from shop_sandbox.resources.model import Resource, ResourceKind
from shop_sandbox.run_context import RunContext
from shop_sandbox.supervisor.blueprint import Blueprint, by_engine
from shop_sandbox.supervisor.settings import SupervisorSettings


class NowhereDriver(RedisDriver):
    """Asks for an image at a registry that nobody runs."""

    def store(self, resource: Resource, context: RunContext) -> StoreContainer:
        return replace(super().store(resource, context), image=Image("127.0.0.1:1/nowhere", "1"))


def blueprint(settings: SupervisorSettings) -> Blueprint:
    """The mixed engine, but for that image."""
    found = by_engine(settings)
    return replace(found, drivers={**found.drivers, ResourceKind.REDIS: NowhereDriver()})
