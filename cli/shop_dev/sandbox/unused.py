"""Settings that a sandbox which is ready makes no use of: said as warnings, since a typo in a glob looks like success else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_dev.project import manifests_found

if TYPE_CHECKING:
    from shop_sandbox.events import SandboxReady

    from shop_dev.project import Project


def unused(project: Project, ready: SandboxReady) -> tuple[str, ...]:
    """Return a sentence for each glob that finds no manifest, and for each fixed port that came too late for what runs."""
    globs = [
        f"No service manifest matches {glob!r} in {project.checkout}."
        for glob in project.settings.services
        if not manifests_found(project.checkout, [glob])
    ]
    ports = [
        f"{resource} stays at {address}: port {port} is used when the sandbox starts again (`shop-dev down`, then `up`)."
        for resource, port in project.settings.ports.items()
        if (address := ready.endpoints.get(resource)) and not address.endswith(f":{port}")
    ]
    chaos = (
        ["It runs without proxies: `--chaos` counts when it starts again (`shop-dev down`, then `up --chaos`)."]
        if project.settings.chaos and "chaos" not in ready.endpoints
        else []
    )
    return (*project.settings.warnings, *globs, *ports, *chaos)
