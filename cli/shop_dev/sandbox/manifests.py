"""What the manifests of a project say; what is wrong in them is told elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_dev.project import Project

if TYPE_CHECKING:
    from shop_sandbox.manifest.form import Service


def services_of(project: Project) -> tuple[Service, ...]:
    """Return the services whose manifests can be read."""
    from shop_sandbox.manifest.reading import read_manifests

    found = read_manifests(project.checkout, project.settings.services)
    return tuple(one.service for one in found if one.service is not None)
