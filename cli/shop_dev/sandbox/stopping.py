"""One `down` from the caller's side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_sandbox.errors import ErrorCode, SandboxError

from shop_dev import sandbox
from shop_dev.errors import Failure
from shop_dev.output.sinks import Sink
from shop_dev.project import Project, checkout_here
from shop_dev.sandbox import registry
from shop_dev.sandbox.starting import stop

if TYPE_CHECKING:
    from shop_sandbox.client import SandboxClient
    from shop_sandbox.events import SandboxStopped
    from shop_sandbox.paths import SandboxPaths


def stop_project(project: Project, *, purge: bool, force: bool, sink: Sink) -> SandboxStopped | None:
    """Stop the project's sandbox and return how it went; None where nothing ran and there was only data to purge.

    A second Ctrl-C makes the stop immediate. With `force` nothing is waited for, and a supervisor that does not answer is ended by
    what it has written down. Raises SandboxError (not_running) if there was nothing to stop and nothing to purge.
    """
    try:
        client = sandbox.connect(project)
        return _stop_at_once(client, purge=purge, sink=sink) if force else _stop(client, purge=purge, sink=sink)
    except SandboxError as error:
        if force:
            return stop(sandbox.stop_by_force(project, purge=purge), sink=sink)
        if error.code is ErrorCode.SUPERVISOR_OF_ANOTHER_VERSION:
            return stop(sandbox.stop(project, purge=purge), sink=sink)
        if error.code is not ErrorCode.NOT_RUNNING or not purge or not project.paths.root.exists():
            raise
        stop(sandbox.purge(project), sink=sink)
        return None


@dataclass(frozen=True)
class End:
    """How the stop of one of several sandboxes went."""

    project: Project
    stopped: SandboxStopped | None
    failure: Failure | None

    def data(self) -> dict[str, object]:
        """Return it for scripts."""
        return {
            "name": self.project.settings.name,
            "checkout": str(self.project.checkout),
            "seconds": self.stopped.seconds if self.stopped else None,
            "error": self.failure.message if self.failure else None,
        }


def stop_everything(*, purge: bool, force: bool, sink: Sink) -> list[End]:
    """Stop every sandbox of this user, one after the other; one that does not stop keeps none of the others."""
    ends = []
    for one in registry.running(checkout_here()):
        project = one.project
        sink.say(f"Stopping sandbox {project.settings.name} of {project.checkout}.")
        try:
            stopped = stop_project(project, purge=purge, force=force, sink=sink)
            failure = Failure.from_error(lost(project.paths, stopped)) if stopped is not None and stopped.lost else None
        except SandboxError as error:
            stopped, failure = None, Failure.from_error(error)
        ends.append(End(project, stopped, failure))
    return ends


def _stop(client: SandboxClient, *, purge: bool, sink: Sink) -> SandboxStopped | None:
    try:
        return stop(client.down(purge=purge), sink=sink)
    except KeyboardInterrupt:
        sink.say("Stopping at once.")
        return _stop_at_once(client, purge=purge, sink=sink)


def _stop_at_once(client: SandboxClient, *, purge: bool, sink: Sink) -> SandboxStopped | None:
    return stop(client.down(purge=purge, force=True), sink=sink)


def lost(paths: SandboxPaths, stopped: SandboxStopped) -> SandboxError:
    """Return the error for a stop in which a store ended without having saved what it had acknowledged."""
    names = ", ".join(stopped.lost)
    return SandboxError(
        ErrorCode.EMULATOR_STATE_LOST,
        f"The sandbox is stopped, but {names} ended before everything was saved: what it had acknowledged last is gone.",
        actions=(f"shop-dev up{paths.flag}", f"shop-dev up --reset{paths.flag}"),
        detail={"seconds": stopped.seconds, "forced": list(stopped.forced), "lost": list(stopped.lost)},
    )
