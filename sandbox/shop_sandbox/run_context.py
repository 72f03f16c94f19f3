"""All that a driver and a probe may know about the sandbox a resource runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shop_sandbox.credentials import Credentials
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.events import Event
from shop_sandbox.paths import CachePaths, SandboxPaths
from shop_sandbox.resources.model import Resource


@dataclass(frozen=True)
class RunContext:
    """All a driver may know about the sandbox it starts a resource in."""

    paths: SandboxPaths
    cache: CachePaths
    endpoints: Endpoints
    credentials: Credentials = field(repr=False)
    resources: Mapping[str, Resource]
    environment: Callable[[], Mapping[str, str]] = field(compare=False, repr=False)
    """What services get at this moment: KAFKA_BOOTSTRAP_SERVERS, AWS_ENDPOINT_URL and so on (see `shop_sandbox.environment`). An
    edited manifest may bring in a store that was not there before."""
    inherited: Mapping[str, str]
    """The part of the caller's environment that programs need to run at all: PATH, HOME, LANG, TMPDIR, JAVA_HOME."""
    announce: Callable[[Event], None] = field(compare=False, repr=False)
    shell_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables of the developer's shell that manifests pass through; each goes to the services that name it, and nowhere else."""
    guests_variables: dict[Path, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """The same for checkouts that have joined, by their roots; they come in later."""

    def passed_to(self, resource: Resource) -> dict[str, str]:
        """Return the variables of the developer's shell that a resource wants and that are there."""
        there = self.shell_variables
        if resource.checkout is not None:
            there = self.guests_variables.get(resource.checkout, there)
        return {name: there[name] for name in resource.passes if name in there}
