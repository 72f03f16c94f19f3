"""What each kind of resource runs on: plain processes, containers, or something that runs already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from shop_sandbox.endpoints import Elsewhere
from shop_sandbox.engines.driver import Driver
from shop_sandbox.engines.external import STORES, External, ExternalDriver, Outside, read
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.resources.model import ResourceKind

EMBEDDED, MIXED, DOCKER, EXTERNAL = "embedded", "mixed", "docker", "external"
SERVICES = "services"
NAMES: Final = {**STORES, "telemetry": ResourceKind.TELEMETRY, SERVICES: ResourceKind.SERVICE}
"""What may be chosen for, by its name in settings."""
_CONTAINED: Final[Mapping[str, frozenset[ResourceKind]]] = {
    EMBEDDED: frozenset(),
    MIXED: frozenset({ResourceKind.KAFKA, ResourceKind.POSTGRES, ResourceKind.REDIS}),
    DOCKER: frozenset(NAMES.values()),
}
"""What an engine runs in containers. In `mixed` the AWS emulator is a process: it calls services, and runs functions."""
_IN_ANY_NETWORK: Final = frozenset({ResourceKind.KAFKA, ResourceKind.POSTGRES, ResourceKind.REDIS})
"""What runs in a container without others beside it."""


@dataclass(frozen=True)
class Choice:
    """Kinds that run in containers, and what is external; all else is a process of this machine."""

    contained: frozenset[ResourceKind] = frozenset()
    externals: Mapping[str, External] = field(default_factory=dict)

    def engine_of(self, kind: ResourceKind) -> str:
        """Return what a kind runs on: `embedded`, `docker` or `external`."""
        if kind in self._external_kinds:
            return EXTERNAL
        return DOCKER if kind in self.contained else EMBEDDED

    @property
    def services_are_processes(self) -> bool:
        return ResourceKind.SERVICE not in self.contained

    def drivers(self) -> dict[ResourceKind, Driver]:
        """Give a driver for each kind that is no process."""
        found: dict[ResourceKind, Driver] = {}
        if self.contained:
            from shop_sandbox.engines import docker

            found |= docker.drivers(self.contained)
        return found | {STORES[name]: ExternalDriver(one) for name, one in self.externals.items()}

    def sweep(self, paths: SandboxPaths, inherited: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """End what a sandbox that is dead has left in containers, by its labels. Gives resource and name of each."""
        if self.contained:
            from shop_sandbox.engines.docker import container

            yield from container.sweep_left(paths, inherited)

    def elsewhere(self, ports: Mapping[str, int]) -> Elsewhere:
        """Tell where something is that is not on this machine's loopback for everybody, given the ports there."""
        inside: Elsewhere = dict[tuple[object, str], None]()
        if not self.services_are_processes:
            from shop_sandbox.engines import docker

            inside = docker.neighbours(ports)
        return Outside(self.externals, inside)

    def accounts(self) -> dict[str, str]:
        """Return the accounts of what is external, by the names of `shop_sandbox.credentials`."""
        return {name: word for one in self.externals.values() for name, word in one.credentials().items()}

    def secured(self) -> frozenset[str]:
        """Return what is external and answers over https."""
        return frozenset(name for name, one in self.externals.items() if one.is_secured)

    @property
    def _external_kinds(self) -> frozenset[ResourceKind]:
        return frozenset(STORES[name] for name in self.externals)


def choose(engine: str, engines: Mapping[str, str], external: Mapping[str, str], *, chaos: bool = False) -> Choice:
    """Choose for each kind: what `engines` says of it by name, else the engine as a whole. `external` has URLs by name.

    With `chaos` there are proxies between services and what they call: processes of this machine, whatever the engine.

    Raises SandboxError (ENGINE_REFUSED, EXTERNAL_INVALID).
    """
    contained = set(_CONTAINED[engine])
    wanted = {**dict.fromkeys(external, EXTERNAL), **engines}
    for name, word in wanted.items():
        (contained.add if word == DOCKER else contained.discard)(NAMES[name])
    outside = [name for name, word in wanted.items() if word == EXTERNAL]
    if missing := [name for name in outside if name not in external]:
        raise SandboxError(
            ErrorCode.EXTERNAL_INVALID,
            f"{', '.join(missing)}: external, and nothing says where",
            actions=tuple(f"set {variable_of(name)}, or external.{name} in the project's settings" for name in missing),
            detail={"resources": missing},
        )
    choice = Choice(frozenset(contained), {name: read(name, external[name]) for name in outside})
    _refuse_what_cannot_meet(choice)
    if chaos and not choice.services_are_processes:
        raise SandboxError(
            ErrorCode.ENGINE_REFUSED,
            "chaos: services are in containers, and would go past its proxies, which are processes of this machine",
            actions=("shop-dev up --chaos --engine mixed", "leave chaos out"),
            detail={"resources": ["chaos"]},
        )
    return choice


def variable_of(name: str) -> str:
    """Return the variable that says where something external is."""
    return f"SHOP_EXTERNAL_{name.upper().replace('-', '_')}"


def _refuse_what_cannot_meet(choice: Choice) -> None:
    """A container does not see the loopback of this machine, where processes listen."""
    if choice.services_are_processes:
        alone = choice.contained - _IN_ANY_NETWORK
        wrong = sorted(name for name, kind in NAMES.items() if kind in alone)
        why = "in a container, and services are processes, which containers do not see"
    else:
        processes = [name for name, kind in NAMES.items() if choice.engine_of(kind) == EMBEDDED]
        wrong, why = sorted(processes), "a process of this machine, which services in containers do not see"
    if wrong:
        raise SandboxError(
            ErrorCode.ENGINE_REFUSED,
            f"{', '.join(wrong)}: {why}",
            actions=("take one engine for these and the services", "shop-dev up --engine mixed"),
            detail={"resources": wrong},
        )
