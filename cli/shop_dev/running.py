"""A sandbox that runs, as `ls` finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
