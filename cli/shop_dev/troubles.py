"""What is wrong in a sandbox, by its status: the causes, not what merely waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_sandbox.events import ResourceState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shop_sandbox.supervisor.protocol import ResourceStatus, SandboxStatus

BROKEN = (ResourceState.FAILED, ResourceState.BACKING_OFF)
SETTLED = (ResourceState.READY, ResourceState.DONE)


@dataclass(frozen=True)
class Trouble:
    """A resource that is broken, what is known about it, and what waits for it."""

    resource: str
    state: str
    reason: str | None
    blocks: tuple[str, ...]
    name: str

    @property
    def text(self) -> str:
        """One sentence."""
        told = (self.reason or "").removeprefix(f"{self.resource} ").removeprefix(f"{self.state}: ")
        why = f": {told}" if told else ""
        waiting = f" ({', '.join(self.blocks)} {'waits' if len(self.blocks) == 1 else 'wait'} for it)" if self.blocks else ""
        return f"{self.resource} is {self.state}{why}{waiting}"

    @property
    def command(self) -> str:
        """Where to look."""
        flag = "" if self.name == "default" else f" --name {self.name}"
        return f"shop-dev logs {self.resource} --tail 30{flag}"


def troubles(status: SandboxStatus) -> tuple[Trouble, ...]:
    """Return what is broken, in the order of the resources."""
    by_name = {resource.name: resource for resource in status.resources}
    return tuple(
        Trouble(one.name, str(one.state), one.reason or one.last_probe_error, _waiting_for(one.name, by_name), status.name)
        for one in status.resources
        if one.state in BROKEN
    )


def overall_state(status: SandboxStatus) -> str:
    """Return the sandbox's state in one word that no line of the table contradicts."""
    from shop_sandbox.supervisor.protocol import SandboxState

    broken = any(resource.state in BROKEN for resource in status.resources)
    return str(SandboxState.DEGRADED if broken and status.state is SandboxState.READY else status.state)


def _waiting_for(name: str, resources: Mapping[str, ResourceStatus]) -> tuple[str, ...]:
    return tuple(one.name for one in resources.values() if name in one.needs and one.state is ResourceState.PENDING)
