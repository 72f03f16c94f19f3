"""Where load enters what a sandbox runs."""

from __future__ import annotations

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.target import Target
from shop_dev.project import Project


def front_door(project: Project, door: str) -> Target:
    """Return the endpoint `door` of the sandbox. Raises SandboxError (not_running), ShopDevError (service_unreachable)."""
    status = sandbox.connect(project).status(memory=False)
    if door not in status.endpoints:
        said = f"This sandbox does not run {door}." if door else "The settings name no `door` that load goes to."
        raise ShopDevError(CliCode.SERVICE_UNREACHABLE, said, actions=("shop-dev up", "--target URL"))
    return Target(status.endpoints[door], {**project.inherited, **status.environment})
