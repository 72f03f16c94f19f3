"""Where figures come from: without it nobody can tell what they are figures of."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import msgspec
from shop_sandbox.evidence import commit_of


class Origin(msgspec.Struct, frozen=True):
    """When, of which commit (a + where files differ from it), on which machine."""

    at: float
    commit: str | None
    machine: str

    @property
    def moment(self) -> str:
        """The local time at which it began."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))


def origin_of(checkout: Path) -> Origin:
    """Say where figures that are measured now come from."""
    return Origin(
        at=time.time(),
        commit=commit_of(checkout),
        machine=f"{platform.node()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}, {platform.machine()}",
    )
