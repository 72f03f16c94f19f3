"""What is missing or wrong on this machine, and the fix: a list of checks, each an answer rather than an error."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from shop_sandbox import records
from shop_sandbox.engines.docker import examination
from shop_sandbox.engines.engine import embedded
from shop_sandbox.engines.findings import Finding, Verdict, fail, ok, warn
from shop_sandbox.errors import SandboxError
from shop_sandbox.paths import CachePaths
from shop_sandbox.platform import here
from shop_sandbox.supervisor import ledger
from shop_sandbox.supervisor.limits import keeping
from shop_sandbox.supervisor.ports import remembered

__all__ = ["Finding", "Verdict", "examine"]

_NEEDED_BYTES = 1 << 30
_COMFORTABLE_BYTES = 3 << 30
_OLDEST_PYTHON = (3, 11)


def examine(
    checkout: Path, cache: CachePaths, inherited: Mapping[str, str], fixed_ports: Mapping[str, int], *, needs_docker: bool = False
) -> list[Finding]:
    """Look at everything a sandbox depends on: hash all downloads, and ask the brokers that run in this checkout where they live.

    `fixed_ports` are those that settings give to resources; `needs_docker` says whether they run something in containers. Takes a
    second or two, and changes nothing but the record of what was hashed.
    """
    engine = embedded()
    return [
        _platform(),
        _python(),
        *engine.examine(cache, inherited),
        *examination.examine(inherited, is_needed=needs_docker),
        _writable("cache", cache.root, "SHOP_CACHE_DIR"),
        _writable("state", checkout / ".shop-dev", None),
        _space(cache.root),
        _limits(),
        *(_fixed_port(resource, port, checkout) for resource, port in sorted(fixed_ports.items())),
        *(
            finding
            for ports in sorted((checkout / ".shop-dev").glob("*/ports.json"))
            for finding in engine.examine_sandbox(ports.parent.name, remembered(ports))
        ),
    ]


def _platform() -> Finding:
    found = f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} processors"
    if sys.platform in ("linux", "darwin"):
        return ok("platform", found)
    return fail("platform", found, "use Linux or macOS; on Windows, WSL2")


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= _OLDEST_PYTHON:
        return ok("python", found)
    return fail("python", found, "use Python 3.11 or newer")


def _writable(name: str, folder: Path, variable: str | None) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return ok(f"{name} writable", str(folder))
    fix = f"make {nearest} writable" + (f", or set {variable} to another folder" if variable else "")
    return fail(f"{name} writable", f"{nearest} is not", fix)


def _space(folder: Path) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / (1 << 30):.1f} GiB free at {nearest}"
    if free < _NEEDED_BYTES:
        return fail("disk space", found, "free at least 1 GiB")
    if free < _COMFORTABLE_BYTES:
        return warn("disk space", found, "Kafka's records and logs grow with use: keep 3 GiB free")
    return ok("disk space", found)


def _limits() -> Finding:
    """Who keeps the limits that `service.yaml` and settings may set; most need none, so it is no warning."""
    found = keeping()
    if found.group is not None and found.cpus is not None:
        return ok("limits", f"memory is kept by the {found.memory}, CPU time by the {found.cpus}, in {found.group.folder}")
    return ok(
        "limits",
        f"memory is kept by the {found.memory}; CPU time is not enforced here: no control group (cgroup v2) has been given to us, "
        "as `systemd-run --user --scope -p Delegate=yes ./shop-dev up` does",
    )


def _fixed_port(resource: str, port: int, checkout: Path) -> Finding:
    """A port that settings ask for: free, or held by a sandbox of this checkout, whose ledger names the process."""
    check = f"port of {resource}"
    holder = here.port_holder(port)
    if holder is None:
        return ok(check, f"{port} is free")
    if port in _ports_of_running_sandboxes(checkout):
        return ok(check, f"{port} is held by a sandbox of this checkout")
    variable = f"SHOP_{resource.upper().replace('-', '_')}_PORT"
    return warn(
        check,
        f"{port} is taken by {holder.command[:60]} (pid {holder.pid}): `shop-dev up` will refuse to start",
        f"stop that process, or set {variable} to another port",
    )


def _ports_of_running_sandboxes(checkout: Path) -> set[int]:
    found: set[int] = set()
    for path in (checkout / ".shop-dev").glob("*/ledger.json"):
        with suppress(records.Unreadable, SandboxError):
            contents = ledger.read(path)
            found.update(port for entry in (contents.entries.values() if contents else ()) for port in entry.ports)
    return found
