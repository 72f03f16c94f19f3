"""Loading every manifest of a checkout, or refusing them with all that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.manifest.faults import manifest_invalid
from shop_sandbox.manifest.form import Service
from shop_sandbox.manifest.reading import read_manifests
from shop_sandbox.manifest.rules import cross_faults


@dataclass(frozen=True)
class Manifest:
    """One service, and the file that says so.

    `file` is absolute; `name` is the file relative to the checkout, for messages; `root` is what paths of contracts are relative
    to.
    """

    file: Path
    name: str
    root: Path
    service: Service

    @property
    def folder(self) -> Path:
        """Where its program and migrations are."""
        return self.file.parent


def load_manifests(checkout: Path, service_globs: Sequence[str]) -> tuple[Manifest, ...]:
    """Load the manifests that the globs find, ordered by service name.

    Raises SandboxError(MANIFEST_INVALID) with the faults of all manifests at once.
    """
    readings = read_manifests(checkout, service_globs)
    faults = [fault for reading in readings for fault in reading.faults]
    faults += cross_faults(readings)
    if faults:
        raise manifest_invalid(faults)
    manifests = [Manifest(one.file, one.name, one.root, one.service) for one in readings if one.service]
    return tuple(sorted(manifests, key=lambda manifest: manifest.service.service))
