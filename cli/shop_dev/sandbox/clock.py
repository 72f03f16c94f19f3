"""The clock of a sandbox, and what is said of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from shop_sandbox.clock import ClockFile
from shop_sandbox.errors import ErrorCode, SandboxError

from shop_dev.output.answer import Answer
from shop_dev.project import open_project


def clock_of(name: str | None) -> ClockFile:
    """Return the clock of a sandbox of this checkout, running or not. Raises SandboxError (NOT_RUNNING) where it never ran."""
    project = open_project(name=name)
    clock = ClockFile(project.paths.clock)
    if not clock.path.exists():
        raise SandboxError(ErrorCode.NOT_RUNNING, f"Sandbox {project.settings.name} never ran services: it has no clock.")
    return clock


def told(offset_seconds: float) -> Answer:
    """Say what time it is for the services, and how far that is from real time."""
    now = datetime.fromtimestamp(time.time() + offset_seconds, UTC)
    ahead = f"{timedelta(seconds=offset_seconds)} ahead of real time" if offset_seconds else "real time"
    return Answer(
        data={"now": now.isoformat(timespec="milliseconds"), "offsetSeconds": offset_seconds},
        text=f"For the services it is {now:%Y-%m-%d %H:%M:%S} UTC: {ahead}.",
    )
