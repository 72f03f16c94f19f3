"""What a supervisor is told once, by the client that starts it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shop_sandbox.paths import CachePaths, SandboxPaths
from shop_sandbox.resources.limits import Limits


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The process that holds a sandbox, and the folder for its evidence. pid and start time together name the process for ever."""

    pid: int
    start_time: str
    evidence: str


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Another checkout whose services run in this sandbox. All its paths are absolute, `services` are names of its own.

    `ports` and `shell_variables` are for its own services.
    """

    checkout: str
    service_globs: list[str]
    services: list[str] = []
    shared_code: list[str] = []
    ports: dict[str, int] = {}
    shell_variables: dict[str, str] = {}


class SupervisorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All a sandbox depends on; nothing below reads the environment.

    `ports` are overrides by endpoint key (`kafka`, `kafka.controller`). `inherited` is the part of the caller's environment that
    programs need to run at all; `passed_through` is what manifests ask for of it. `shared_code` are folders (relative to the
    checkout) whose code runs inside its Python services, `preload` modules to import before those are forked. `viewers` are those
    beside this machine's processes that reach the sandbox: `container`. `keys` are ends of names of span attributes by which traces
    are found. `limits` are by name of a resource.
    `contract_commands` pass a schema that was edited before it is registered, once the folder `released_contracts` is there.
    `guests` are checkouts that have joined.
    With `mtls` services answer only certificates of the sandbox's own authority; with `chaos` they go through proxies to
    what they call.
    `branch` is the git branch whose state this is: while another is checked out, nothing is taken in.
    `engine` is what the sandbox as a whole runs on, `engines` what was chosen for single resources, and `external` where those are
    that run already, with the account they let in.
    `reset` starts with empty stores. With a `lease` the sandbox ends with the process that holds it, and its data with it.
    `blueprint` is a `package.module:function` that takes these settings and gives a `Blueprint`: what to run and with which engine.
    """

    checkout: str
    name: str
    cache_root: str
    runtime_dir: str
    service_globs: list[str]
    ports: dict[str, int] = {}
    inherited: dict[str, str] = {}
    shell_variables: dict[str, str] = {}
    shared_code: list[str] = []
    preload: list[str] = []
    viewers: list[str] = []
    keys: list[str] = []
    limits: dict[str, Limits] = {}
    mtls: bool = False
    chaos: bool = False
    contract_commands: list[list[str]] = []
    released_contracts: str = ""
    start_timeout_seconds: float = 120.0
    reset: bool = False
    lease: Lease | None = None
    branch: str | None = None
    guests: list[Guest] = []
    engine: str = "embedded"
    engines: dict[str, str] = {}
    external: dict[str, str] = {}
    blueprint: str = "shop_sandbox.supervisor.blueprint:by_engine"

    @property
    def paths(self) -> SandboxPaths:
        """Where this sandbox keeps its files."""
        return SandboxPaths(checkout=Path(self.checkout), name=self.name, runtime_dir=Path(self.runtime_dir))

    @property
    def all_globs(self) -> list[str]:
        """Where the manifests of the checkout are, and those of the guests whose checkouts are still there."""
        return [*self.service_globs, *(glob for guest in self._guests_there for glob in guest.service_globs)]

    @property
    def all_shared_code(self) -> list[str]:
        """Folders of shared code, those of guests absolute."""
        return [*self.shared_code, *(folder for guest in self._guests_there for folder in guest.shared_code)]

    @property
    def all_ports(self) -> dict[str, int]:
        """Ports that somebody wants by endpoint key."""
        return {key: port for ports in (*(guest.ports for guest in self.guests), self.ports) for key, port in ports.items()}

    @property
    def _guests_there(self) -> list[Guest]:
        return [guest for guest in self.guests if Path(guest.checkout).is_dir()]

    @property
    def cache(self) -> CachePaths:
        """Where downloads live."""
        return CachePaths(Path(self.cache_root))
