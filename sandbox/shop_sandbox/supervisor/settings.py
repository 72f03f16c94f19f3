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


class SupervisorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All a sandbox depends on; nothing below reads the environment.

    `ports` are overrides by endpoint key (`kafka`, `kafka.controller`). `inherited` is the part of the caller's environment that
    programs need to run at all; `passed_through` is what manifests ask for of it. `shared_code` are folders (relative to the
    checkout) whose code runs inside its Python services. `viewers` are those beside this machine's processes that reach the
    sandbox: `container`. `keys` are ends of names of span attributes by which traces are found. `limits` are by name of a resource.
    `contract_commands` pass a schema that was edited before it is registered.
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
    viewers: list[str] = []
    keys: list[str] = []
    limits: dict[str, Limits] = {}
    contract_commands: list[list[str]] = []
    start_timeout_seconds: float = 120.0
    reset: bool = False
    lease: Lease | None = None
    blueprint: str = "shop_sandbox.supervisor.blueprint:embedded"

    @property
    def paths(self) -> SandboxPaths:
        """Where this sandbox keeps its files."""
        return SandboxPaths(checkout=Path(self.checkout), name=self.name, runtime_dir=Path(self.runtime_dir))

    @property
    def cache(self) -> CachePaths:
        """Where downloads live."""
        return CachePaths(Path(self.cache_root))
