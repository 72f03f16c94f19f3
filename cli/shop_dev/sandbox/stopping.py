"""One `down` from the caller's side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_sandbox.errors import ErrorCode, SandboxError

from shop_dev import sandbox
from shop_dev.output.sinks import Sink
from shop_dev.project import Project
from shop_dev.sandbox.starting import stop

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient


def stop_project(project: Project, *, purge: bool, sink: Sink) -> float | None:
    """Stop the project's sandbox and return the seconds it took; None where nothing ran and there was only data to purge.

    A second Ctrl-C makes the stop immediate. Raises SandboxError (not_running) if there was nothing to stop and nothing to purge.
    """
    try:
        client = sandbox.connect(project)
    except SandboxError as error:
        if error.code is not ErrorCode.NOT_RUNNING or not purge or not project.paths.root.exists():
            raise
        stop(sandbox.purge(project), sink=sink)
        return None
    return _stop(client, purge=purge, sink=sink)


def _stop(client: SandboxClient, *, purge: bool, sink: Sink) -> float | None:
    try:
        stopped = stop(client.down(purge=purge), sink=sink)
    except KeyboardInterrupt:
        sink.say("Stopping at once.")
        stopped = stop(client.down(purge=purge, force=True), sink=sink)
    return stopped.seconds if stopped else None
