"""Volumes: where stores in containers keep their data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop_sandbox.engines.docker import container, daemon


class Volumes:
    """Finds and removes data in volumes, without the store that it belongs to."""

    def is_there(self, proof: Mapping[str, str]) -> bool:
        """Return whether the volume exists. Raises SandboxError (DOCKER_AWAY)."""
        return _get(daemon.connect(proof), proof["volume"]) is not None

    def remove(self, proof: Mapping[str, str]) -> None:
        """Remove the volume, with the container of the same name that still uses it. Raises SandboxError (DOCKER_AWAY)."""
        client = daemon.connect(proof)
        volume = _get(client, proof["volume"])
        if volume is not None:
            container.remove(client, proof["volume"], seconds=0)
            volume.remove(force=True)


volumes = Volumes()


def ensure_volume(client: Any, name: str, labels: Mapping[str, str]) -> None:
    """Have a volume of that name."""
    client.volumes.create(name, labels=dict(labels))


def _get(client: Any, name: str) -> Any:
    from docker.errors import NotFound

    try:
        return client.volumes.get(name)
    except NotFound:
        return None
