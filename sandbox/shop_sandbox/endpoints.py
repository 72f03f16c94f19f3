"""Where what runs can be reached, and by whom: a container does not see this machine's loopback."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol


class Viewer(StrEnum):
    """Who wants to reach something: a process of this machine, one in a container, a function that the emulator runs."""

    HOST = "host"
    CONTAINER = "container"
    FUNCTION = "function"


CHAOS = "chaos"


def way(caller: str, callee: str) -> str:
    """Return the key of the port at which a caller finds a callee behind a proxy."""
    return f"{CHAOS}.{caller}->{callee}"


_HOSTS = {Viewer.HOST: "127.0.0.1", Viewer.FUNCTION: "127.0.0.1", Viewer.CONTAINER: "host.docker.internal"}
"""Under which name each finds this machine. The emulator runs functions as processes of this machine."""


@dataclass(frozen=True)
class Address:
    """A host and a port, as one viewer must write them."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Elsewhere(Protocol):
    """Tells where an endpoint is for a viewer, where that is not this machine's loopback; a mapping does."""

    def get(self, place: tuple[Viewer, str], /) -> Address | None: ...


@dataclass(frozen=True)
class Endpoints:
    """Addresses of what runs in this sandbox, as `viewer` sees them.

    Keys of `ports`, all on this machine's loopback: `<resource>` or `<resource>.<port name>`. A program that tells clients its own
    address (Kafka) has a listener for each viewer, with a port of its own: `kafka.container`. `elsewhere` holds what is not on this
    machine's loopback for a viewer, by viewer and key: a container beside another has the other's name.
    """

    ports: Mapping[str, int]
    viewer: Viewer = Viewer.HOST
    elsewhere: Elsewhere = field(default_factory=dict[tuple[Viewer, str], Address])
    secured: Container[str] = frozenset()
    """Keys of what answers over https, to certificates of the sandbox's authority."""
    caller: str | None = None
    """The service that asks, where it goes through proxies of its own: `chaos.<caller>-><key>` are their ports then."""

    def seen_by(self, viewer: Viewer) -> Endpoints:
        """Return the same endpoints for another viewer."""
        return replace(self, viewer=viewer)

    def called_by(self, service: str) -> Endpoints:
        """Return the same endpoints for a service, which goes through proxies where there are any."""
        return replace(self, caller=service)

    def at(self, key: str) -> Address:
        """Return where an endpoint is. Raises KeyError for one that is not there."""
        if self.viewer is Viewer.HOST and self.caller is not None and (proxied := way(self.caller, key)) in self.ports:
            return Address(_HOSTS[Viewer.HOST], self.ports[proxied])
        placed = self.elsewhere.get((self.viewer, key))
        if placed is not None:
            return placed
        own = f"{key}.{self.viewer}"
        return Address(_HOSTS[self.viewer], self.ports[own if own in self.ports else key])

    def address(self, key: str) -> str:
        """Return `host:port` of an endpoint."""
        return str(self.at(key))

    def url(self, key: str) -> str:
        """Return the URL of an endpoint."""
        return f"{'https' if key in self.secured else 'http'}://{self.at(key)}"

    def as_seen_by(self, viewer: Viewer, url: str) -> str:
        """Return a URL of one of these endpoints as another viewer writes it; any other text as it is."""
        other = self.seen_by(viewer)
        for key in self.ports:
            if url == self.url(key) or url.startswith(f"{self.url(key)}/"):
                return other.url(key) + url.removeprefix(self.url(key))
        return url
