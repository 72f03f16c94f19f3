"""One `restart` from the caller's side."""

from __future__ import annotations

from shop_dev import sandbox
from shop_dev.output.sinks import Sink
from shop_dev.project import Project
from shop_dev.sandbox.following import until_ready


def restart_resources(project: Project, resources: tuple[str, ...], *, sink: Sink) -> float:
    """Start them anew and return the seconds until they were ready. Raises Failed where one does not come back."""
    events = sandbox.connect(project).restart(*resources, timeout_seconds=project.settings.start_timeout_seconds)
    return until_ready(events, sink).seconds
