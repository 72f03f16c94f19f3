"""The dead letters of a running sandbox."""

from __future__ import annotations

from shop_dev import sandbox
from shop_dev.dead_letters.finding import DeadLetterOffice
from shop_dev.project import open_project


def office_of(name: str | None) -> DeadLetterOffice:
    """Return the dead letters of the sandbox of that name. Raises SandboxError (not_running) where there is none."""
    environment = sandbox.connect(open_project(name=name)).status().environment
    return DeadLetterOffice(environment["KAFKA_BOOTSTRAP_SERVERS"], environment["SCHEMA_REGISTRY_URL"])
