"""A sandbox that runs, as `ls` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_dev.branches import states
from shop_dev.project import Project

if TYPE_CHECKING:
    from shop_sandbox.supervisor.protocol import SandboxStatus


@dataclass(frozen=True)
class Running:
    """A sandbox that runs. `status` is None where its supervisor cannot be asked; `trouble` says why."""

    project: Project
    supervisor_pid: int
    status: SandboxStatus | None
    trouble: str | None = None
    is_of_another_version: bool = False

    @property
    def branch(self) -> str | None:
        """The git branch whose state it holds, where each has its own."""
        kept = {state.name: state.branch for state in states(self.project.checkout)}
        return kept.get(self.project.settings.name)
