"""Services that go through proxies to all they call, so that faults can be put in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from shop_sandbox.endpoints import CHAOS, way
from shop_sandbox.resources.model import Resource, ResourceKind

_STORES = frozenset({ResourceKind.KAFKA, ResourceKind.SCHEMA_REGISTRY, ResourceKind.AWS, ResourceKind.POSTGRES, ResourceKind.REDIS})


def proxied(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return the resources with a proxy between each service and each store that it needs, and each service that it calls."""
    services = [resource for resource in resources.values() if resource.is_service]
    ways = tuple(way(caller.name, key) for caller in services for key in _called(caller, resources))
    chaos = Resource(CHAOS, ResourceKind.CHAOS, ports=(CHAOS, *ways))
    behind = {
        name: replace(resource, needs=(*resource.needs, CHAOS)) if resource.is_service else resource
        for name, resource in resources.items()
    }
    return {CHAOS: chaos, **behind}


def _called(caller: Resource, resources: Mapping[str, Resource]) -> Iterator[str]:
    """Keys of endpoints that a service finds in its variables and may call. Kafka's controller is for the broker alone."""
    for name in _stores_of(caller, resources):
        yield resources[name].ports[0]
    for name in caller.uses:
        if name in resources and resources[name].is_service:
            yield from resources[name].ports


def _stores_of(caller: Resource, resources: Mapping[str, Resource]) -> list[str]:
    """The stores that it needs, be it through a task that prepares them."""
    needed, ahead = set(caller.needs), [*caller.needs]
    while ahead:
        new = set(resources[ahead.pop()].needs) - needed
        needed |= new
        ahead += new
    return [name for name, resource in resources.items() if name in needed and resource.kind in _STORES]
