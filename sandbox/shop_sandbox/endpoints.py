"""Where what runs can be reached, and by whom: a container does not see this machine's loopback."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Viewer(StrEnum):
    """Who wants to reach something: a process of this machine, one in a container, a function that the emulator runs."""

    HOST = "host"
    CONTAINER = "container"
    FUNCTION = "function"


_HOSTS = {Viewer.HOST: "127.0.0.1", Viewer.FUNCTION: "127.0.0.1", Viewer.CONTAINER: "host.docker.internal"}
"""Under which name each finds this machine. The emulator runs functions as processes of this machine."""


@dataclass(frozen=True)
class Address:
    """A host and a port, as one viewer must write them."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Endpoints:
    """Addresses of what runs in this sandbox, as `viewer` sees them.

    Keys of `ports`, all on this machine's loopback: `<resource>` or `<resource>.<port name>`. A program that tells clients its own
    address (Kafka) has a listener for each viewer, with a port of its own: `kafka.container`. `elsewhere` holds what is not on this
    machine's loopback for a viewer, by viewer and key: a container beside another has the other's name.
    """

    ports: Mapping[str, int]
    viewer: Viewer = Viewer.HOST
    elsewhere: Mapping[tuple[Viewer, str], Address] = field(default_factory=dict)
    secured: Container[str] = frozenset()
    """Keys of what answers over https, to certificates of the sandbox's authority."""

    def seen_by(self, viewer: Viewer) -> Endpoints:
        """Return the same endpoints for another viewer."""
        return replace(self, viewer=viewer)

    def at(self, key: str) -> Address:
        """Return where an endpoint is. Raises KeyError for one that is not there."""
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
