"""Services that know each other by certificates of the sandbox's own authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from shop_sandbox.resources.model import Resource

CERTIFICATE = "SHOP_TLS_CERTIFICATE"


def certified(resources: Mapping[str, Resource], folder: Path) -> dict[str, Resource]:
    """Return the resources, each service with a certificate of its own in `folder`. Raises OSError, SandboxError (DISK_FULL)."""
    from shop_sandbox import certificates
    from shop_sandbox.certificates import OPERATOR, Certified

    services = [name for name, resource in resources.items() if resource.is_service]
    certificates.ensure(folder, [*services, OPERATOR])
    return {
        name: replace(resource, environment={**resource.environment, **Certified.named(folder, name).variables()})
        if resource.is_service
        else resource
        for name, resource in resources.items()
    }


class Secured:
    """Which endpoints are asked over https, as the resources are now: services with a certificate, but for ports of visitors;
    and `others`."""

    def __init__(self, resources: Mapping[str, Resource], others: frozenset[str] = frozenset()) -> None:
        self._resources, self._others = resources, others

    def __contains__(self, key: object) -> bool:
        if key in self._others:
            return True
        resource = self._resources.get(key) if isinstance(key, str) else None
        return resource is not None and CERTIFICATE in resource.environment and f"{key}.operations" not in resource.ports
