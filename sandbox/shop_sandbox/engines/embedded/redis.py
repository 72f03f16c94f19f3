"""Redis: the server on PATH, else the one packed in the embedded-redis archive."""

from __future__ import annotations

import platform
import re
import shutil
import signal
import subprocess  # nosec B404 # a server is asked for its version
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from shop_sandbox.disk import disk_full_explained, write_atomically
from shop_sandbox.downloads.fetch import Announce, ensure_jars, recheck_jars
from shop_sandbox.downloads.lock import REDIS, locked
from shop_sandbox.downloads.locking import exclusive
from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.downloads.verified import VerifiedFiles, sha256_of
from shop_sandbox.engines.driver import ExecLaunch
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.health import redis as health
from shop_sandbox.paths import CachePaths
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

_PACKED = {
    ("linux", "x86_64"): "redis-server-6.2.6-v5-linux-amd64",
    ("linux", "aarch64"): "redis-server-6.2.7-linux-arm64",
    ("darwin", "arm64"): "redis-server-6.2.6-v5-darwin-arm64",
    ("darwin", "x86_64"): "redis-server-6.2.6-v5-darwin-amd64",
}
"""Servers in the archive, by `sys.platform` and `platform.machine()`."""

_VERSION_SPOKEN = re.compile(r"\bv=(\S+)")

_SETTINGS = (
    ("bind", "127.0.0.1"),
    ("save", ""),
    ("appendonly", "yes"),
    # Written before the client gets its answer, so SIGKILL loses nothing acknowledged; that holds for `everysec` only while no
    # fsync is under way (it then holds writes back up to 2 s). What `no` gives up is the last seconds before a power cut.
    ("appendfsync", "no"),
    ("databases", "16"),
    ("loglevel", "notice"),
)


class RedisDriver:
    """Runs the server; what it acknowledged is in its append-only file."""

    loses_state_when_killed = False
    takes_files_on_trust = True

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have a server program and a data directory. Raises SandboxError."""
        server_program(context.cache, context.inherited, context.announce)
        home = context.paths.data(resource.name)
        with disk_full_explained(home, "Redis's data directory"):
            home.mkdir(parents=True, exist_ok=True)
        # In a file: the words of a command line can be read by everybody on the machine.
        write_atomically(_password_file(home), f"requirepass {context.credentials.password('redis')}\n".encode())

    def launch(self, resource: Resource, context: RunContext) -> ExecLaunch:
        home = context.paths.data(resource.name)
        settings = (*_SETTINGS, ("port", str(context.endpoints.ports["redis"])), ("dir", str(home)))
        return ExecLaunch(
            argv=(
                str(on_path(context.inherited) or _unpacked(context.cache)),
                str(_password_file(home)),
                *(word for name, value in settings for word in (f"--{name}", value)),
            ),
            environment=dict(context.inherited),
            cwd=home,
            death_signal=signal.SIGTERM,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        health.probe(context.endpoints.ports[resource.name], context.credentials.password("redis"))

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return health.read_stamp(context.endpoints.ports[resource.name], context.credentials.password("redis"))

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        health.write_stamp(context.endpoints.ports[resource.name], context.credentials.password("redis"), stamp)

    def recheck(self, resource: Resource, context: RunContext) -> None:  # noqa: ARG002 - one program for all
        """Hash the archive, and unpack the server again."""
        if on_path(context.inherited) is None:
            recheck_jars(locked(REDIS), context.cache)
            _unpacked(context.cache).unlink(missing_ok=True)

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


def _password_file(home: Path) -> Path:
    return home / "password.conf"


def server_program(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> Path:
    """Give a Redis server: of PATH, else unpacked from the archive, which is downloaded if need be.

    Raises SandboxError: PLATFORM_UNSUPPORTED where the archive has none for this machine, and what `ensure_jars` raises.
    """
    found = on_path(inherited)
    if found is not None:
        return found
    program = _unpacked(cache)
    record = VerifiedFiles(program.parent, program.with_suffix(".verified.json"))
    marker = program.with_suffix(".sha256")
    if marker.exists() and record.holds(program, marker.read_text()):
        mark_used(program.parent)
        return program
    (archive,) = ensure_jars(locked(REDIS), cache, inherited, announce)
    with disk_full_explained(cache.derived, "the Redis server", in_cache=True), exclusive(program.with_suffix(".lock")):
        _unpack(archive, program)
        sha256 = sha256_of(program)
        marker.write_text(sha256)
        record.check(program, sha256)
        record.save()
    return program


def packed_version() -> str | None:
    """Return the version of the server that the archive has for this machine, None where it has none."""
    packed = _PACKED.get((sys.platform, platform.machine()))
    return packed.split("-")[2] if packed is not None else None


def version_of(program: Path) -> str:
    """Return the version of a server, by asking it."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)  # nosec B603 # no shell
    except (OSError, subprocess.TimeoutExpired):
        return "does not say its version"
    found = _VERSION_SPOKEN.search(answer.stdout)
    return found[1] if found else "of an unknown version"


def on_path(inherited: Mapping[str, str]) -> Path | None:
    """Return the server that the user's PATH has, if any."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=inherited.get("PATH", ""))
        if found:
            return Path(found)
    return None


def _unpacked(cache: CachePaths) -> Path:
    (jar,) = locked(REDIS).jars
    return cache.derived / f"redis-{jar.sha256[:16]}" / "redis-server"


def _unpack(archive: Path, program: Path) -> None:
    member = _PACKED.get((sys.platform, platform.machine()))
    if member is None:
        raise SandboxError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            f"there is no Redis server on PATH, and the packed ones do not run on {sys.platform} {platform.machine()}",
            actions=("install Redis or Valkey with the system's package manager, so that redis-server is on PATH",),
        )
    draft = program.with_suffix(".draft")
    program.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as packed, packed.open(member) as source, draft.open("wb") as target:
        shutil.copyfileobj(source, target)
    draft.chmod(0o755)
    draft.replace(program)
