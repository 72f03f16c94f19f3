"""A sandbox whose stores run in containers of a real daemon, and the ways to look at those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from docker import DockerClient
from fakes.sandbox_home import Home
from shop_sandbox.client import SandboxClient, start_or_attach
from shop_sandbox.events import AnyEvent, SandboxReady


@contextmanager
def in_containers(home: Home, address: str, engine: str) -> Iterator[Home]:
    """The same home on another engine, at the daemon of that address. Nothing of it is left there afterwards."""
    home.settings = home.with_(
        blueprint="shop_sandbox.supervisor.blueprint:by_engine",
        engine=engine,
        inherited={**home.settings.inherited, "DOCKER_HOST": address},
        start_timeout_seconds=120,
    )
    try:
        yield home
    finally:
        for found in (*containers(home, address), *networks(home, address)):
            found.remove(**({"force": True} if hasattr(found, "image") else {}))
        for volume in volumes(home, address):
            volume.remove(force=True)


def of_checkout(home: Home) -> dict[str, str]:
    return {"label": f"dev.shop-dev.checkout={home.checkout}"}


def docker(home: Home, address: str | None = None) -> DockerClient:
    return DockerClient(base_url=address or home.settings.inherited["DOCKER_HOST"])


def containers(home: Home, address: str | None = None) -> list[Any]:
    return list(docker(home, address).containers.list(all=True, filters=of_checkout(home), ignore_removed=True))


def volumes(home: Home, address: str | None = None) -> list[Any]:
    return list(docker(home, address).volumes.list(filters=of_checkout(home)))


def networks(home: Home, address: str | None = None) -> list[Any]:
    return list(docker(home, address).networks.list(filters=of_checkout(home)))


def resources_of(home: Home) -> list[str]:
    return sorted(found.labels["dev.shop-dev.resource"] for found in containers(home))


def up(home: Home, *names: str) -> tuple[SandboxClient, list[AnyEvent]]:
    client = start_or_attach(home.settings)
    events = list(client.up(names))
    assert isinstance(events[-1], SandboxReady), events[-1]
    return client, events
