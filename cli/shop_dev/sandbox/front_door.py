"""Where load enters what a sandbox runs, and how far consumers fall behind under it."""

from __future__ import annotations

from shop_loadtests.profile import Behind

from shop_dev import sandbox
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.kafka.lag import Lags
from shop_dev.loading.target import Target
from shop_dev.project import Project


def front_door(project: Project, door: str) -> Target:
    """Return the endpoint `door` of the sandbox. Raises SandboxError (not_running), ShopDevError (service_unreachable)."""
    status = sandbox.connect(project).status(memory=False)
    if door not in status.endpoints:
        said = f"This sandbox does not run {door}." if door else "The settings name no `door` that load goes to."
        raise ShopDevError(CliCode.SERVICE_UNREACHABLE, said, actions=("shop-dev up", "--target URL"))
    return Target(status.endpoints[door], {**project.inherited, **status.environment})


def behind_of(found: Lags) -> Behind:
    """Return how far consumers are behind: unread messages of all, and how long the oldest has waited."""
    unread = sum(one.position.behind for one in found.behind)
    return Behind(float(unread), max((one.age_seconds or 0.0 for one in found.behind), default=0.0))
