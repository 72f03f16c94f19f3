"""Names of what a sandbox has in Docker, and the network in which its containers find each other."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop_sandbox.endpoints import Address, Viewer
from shop_sandbox.engines.docker import daemon
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

LABEL = "dev.shop-dev"
"""Begins the labels that say whose something is: `docker ps --filter label=dev.shop-dev.checkout=PATH` finds all of a checkout."""


def name_of(paths: SandboxPaths, resource: str) -> str:
    """Return a name that nothing of another checkout has."""
    return f"shop-dev-{checkout_id(paths.checkout)}-{paths.name}-{resource}"


def checkout_id(checkout: Path) -> str:
    """Return what stands for a checkout in names and tags."""
    return hashlib.sha256(str(checkout).encode()).hexdigest()[:8]


def labels_of(paths: SandboxPaths, resource: str) -> dict[str, str]:
    """Return whose something is."""
    told = {"checkout": str(paths.checkout), "sandbox": paths.name, "resource": resource}
    return {f"{LABEL}.{key}": value for key, value in told.items()}


def docker_of(context: RunContext) -> dict[str, str]:
    """Return which daemon it is: a sweep must ask the same one."""
    return {"DOCKER_HOST": context.inherited.get("DOCKER_HOST") or daemon.DEFAULT_SOCKET}


@dataclass(frozen=True)
class Network:
    """The network of one sandbox. Whoever is in it finds a container by the name of its resource."""

    name: str
    labels: Mapping[str, str]

    def enter(self, client: Any, who: str) -> None:
        """Have it for one more container. What its containers publish is on the loopback of this machine."""
        with _changing:
            _inside[self.name].add(who)
            if not client.networks.list(names=[f"^{self.name}$"]):
                on_loopback = {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}
                client.networks.create(self.name, driver="bridge", labels=dict(self.labels), options=on_loopback)

    def leave(self, client: Any, who: str) -> None:
        """Remove it where this container was the last in it."""
        from docker.errors import APIError

        with _changing, contextlib.suppress(APIError):  # somebody else's is in it
            _inside[self.name].discard(who)
            for found in client.networks.list(names=[f"^{self.name}$"]) if not _inside[self.name] else ():
                found.remove()


_changing = threading.Lock()
_inside: defaultdict[str, set[str]] = defaultdict(set)
"""By network, containers of this process that are in it or about to be. Docker lets a network go that none is in yet, and gives its
name twice to those who ask at once."""


def network_of(paths: SandboxPaths) -> Network:
    """Return the network of a sandbox."""
    return Network(name_of(paths, "network"), labels_of(paths, "network"))


@dataclass(frozen=True)
class Neighbours:
    """Addresses as containers beside each other write them: everything is there under its own name. What listens inside at another
    port than on this machine is in `inside`."""

    ports: Mapping[str, int]
    inside: Mapping[str, int]

    def get(self, place: tuple[Viewer, str]) -> Address | None:
        """Return the address of an endpoint for a viewer, None where it is on this machine's loopback."""
        viewer, key = place
        if viewer is not Viewer.CONTAINER:
            return None
        return Address(key.partition(".")[0], self.inside.get(key, self.ports[key]))


def resource_labels(resource: Resource, context: RunContext) -> dict[str, str]:
    """Return whose the container or volume of a resource is."""
    return labels_of(context.paths, resource.name)
