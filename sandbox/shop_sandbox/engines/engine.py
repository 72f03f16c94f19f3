"""An engine as a whole: its drivers, and what it does outside a sandbox that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from shop_sandbox.downloads.fetch import Announce
from shop_sandbox.engines.driver import Driver
from shop_sandbox.engines.findings import Fetched, Finding
from shop_sandbox.paths import CachePaths
from shop_sandbox.resources.model import ResourceKind


class Engine(Protocol):
    """One way to run all kinds of resources."""

    def drivers(self) -> Mapping[ResourceKind, Driver]:
        """Give a driver for each kind of resource. They keep nothing between calls but connections to ask over."""
        ...

    def fetch(self, cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> tuple[Fetched, ...]:
        """Have in the cache all that a start needs, so that later ones need no network. Blocking; `announce` is called from several
        threads. Raises SandboxError: JAVA_MISSING, PLATFORM_UNSUPPORTED, OFFLINE_AND_NOT_FETCHED, DOWNLOAD_FAILED,
        DOWNLOAD_CORRUPT, DISK_FULL."""
        ...

    def examine(self, cache: CachePaths, inherited: Mapping[str, str]) -> list[Finding]:
        """Look at what it needs of this machine. May take a second or two."""
        ...

    def examine_sandbox(self, name: str, ports: Mapping[str, int]) -> list[Finding]:
        """Look at a sandbox that may run, by the ports it keeps for itself."""
        ...


class _Embedded:
    """Plain local processes; imported when something is asked of it."""

    def drivers(self) -> Mapping[ResourceKind, Driver]:
        from shop_sandbox.engines.embedded import drivers

        return drivers()

    def fetch(self, cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> tuple[Fetched, ...]:
        from shop_sandbox.engines.embedded import fetching

        return fetching.fetch(cache, inherited, announce)

    def examine(self, cache: CachePaths, inherited: Mapping[str, str]) -> list[Finding]:
        from shop_sandbox.engines.embedded import examination

        return examination.examine(cache, inherited)

    def examine_sandbox(self, name: str, ports: Mapping[str, int]) -> list[Finding]:
        from shop_sandbox.engines.embedded import examination

        return examination.examine_sandbox(name, ports)


def embedded() -> Engine:
    """Return the engine that needs no Docker."""
    return _Embedded()
