"""Where visitors enter the shop that a sandbox runs."""

from __future__ import annotations

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.project import open_project

EDGE = "edge"


def front_door_of(name: str | None) -> str:
    """Return the front door of a sandbox that runs. Raises SandboxError (not_running), ShopDevError (service_unreachable)."""
    endpoints = sandbox.connect(open_project(name=name)).status(memory=False).endpoints
    if EDGE not in endpoints:
        raise ShopDevError(CliCode.SERVICE_UNREACHABLE, "This sandbox does not run edge.", actions=("shop-dev up", "--target URL"))
    return endpoints[EDGE]
