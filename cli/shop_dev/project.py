"""The project a command works on: checkout, settings, and where its sandbox lives. The process's surroundings are read here."""

from __future__ import annotations

import glob
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shop_sandbox.checked_out import branch_of
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths, default_cache_root, default_runtime_dir

from shop_dev.branches import sandbox_of
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.joined import Joined, joined_by
from shop_dev.settings import Settings, read_settings
from shop_dev.settings.table import DEFAULT_NAME

PLATFORM = ("kafka", "schema-registry", "aws", "postgres", "redis", "telemetry")
TASKS = ("check-contracts", "provision-topics", "provision-schemas", "provision-aws", "provision-databases")
_SERVICE = re.compile(r"^service:\s*['\"]?([A-Za-z0-9_-]+)", re.MULTILINE)
_INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
    "DOCKER_HOST",
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE"),
)


@dataclass(frozen=True)
class Project:
    """A checkout with what was decided for it."""

    checkout: Path
    settings: Settings
    cache_root: Path
    runtime_dir: Path
    inherited: Mapping[str, str]
    """The part of the caller's environment that programs need to run at all."""
    shell_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The caller's whole environment; a service gets what its manifest names of it, and nothing else."""
    branch: str | None = None
    """The git branch whose state commands mean, where each has its own."""
    joined: Joined | None = None
    """The sandbox of another checkout that this one has joined: commands mean it then."""
    was_joined: Joined | None = None
    """One that it had joined, and that has ended since."""

    @property
    def paths(self) -> SandboxPaths:
        """Where the sandbox is that commands mean."""
        return self.joined.paths(self.runtime_dir) if self.joined is not None else self.own_paths

    @property
    def own_paths(self) -> SandboxPaths:
        """Where this checkout's own sandbox is, or would be."""
        return SandboxPaths(checkout=self.checkout, name=self.settings.name, runtime_dir=self.runtime_dir)


def open_project(
    *,
    name: str | None = None,
    start_timeout_seconds: float | None = None,
    engine: str | None = None,
    chaos: bool | None = None,
) -> Project:
    """Return the project around the working directory, with the flags that were given.

    Raises SandboxError (not_in_a_project) or ShopDevError (settings_invalid).
    """
    environ = dict(os.environ)
    checkout, table, source = find_checkout(working_directory())
    given = {"name": name, "start-timeout-seconds": start_timeout_seconds, "engine": engine, "chaos": chaos}
    settings = read_settings(
        flags={key: value for key, value in given.items() if value is not None},
        environ=environ,
        table=table,
        endpoints=lambda globs: _endpoints(checkout, globs),
        source=source,
    )
    branch = branch_of(checkout) if settings.branch_state and name is None and settings.name == DEFAULT_NAME else None
    if branch is not None:
        settings = replace(settings, name=sandbox_of(branch))
    project = Project(
        checkout=checkout,
        settings=settings,
        cache_root=checkout / settings.cache_dir if settings.cache_dir else default_cache_root(environ),
        runtime_dir=checkout / settings.runtime_dir if settings.runtime_dir else default_runtime_dir(environ),
        inherited={key: environ[key] for key in _INHERITED if key in environ},
        shell_variables=environ,
        branch=branch,
    )
    if (joined := joined_by(project.own_paths)) is None:
        return project
    return replace(project, was_joined=joined) if joined.is_over(project.runtime_dir) else replace(project, joined=joined)


def project_at(checkout: Path, name: str) -> Project:
    """Return what is needed to talk to a sandbox of another checkout: none of its settings but the name."""
    environ = dict(os.environ)
    return Project(checkout, Settings(name=name), default_cache_root(environ), default_runtime_dir(environ), inherited={})


def user_state_folder() -> Path:
    """Return where this user's programs keep what is neither data nor cache, by XDG where it is set."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "shop-dev"


def checkout_here() -> Path | None:
    """Return the checkout around the working directory; None outside of any, or where its settings cannot be read."""
    try:
        return find_checkout(working_directory())[0]
    except (SandboxError, ShopDevError):
        return None


def working_directory() -> Path:
    """Return where the caller is. Raises SandboxError (not_in_a_project) where that folder has been removed meanwhile."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SandboxError(
            ErrorCode.NOT_IN_A_PROJECT, "The working directory is there no more.", actions=("Change into a checkout.",)
        ) from error


def find_checkout(start: Path) -> tuple[Path, Mapping[str, object], str]:
    """Return the nearest folder, `start` or above it, that declares a project, its table of settings, and where that stands.

    A project is declared by a shop-dev.toml, or by a table [tool.shop-dev] in pyproject.toml. Raises SandboxError
    (not_in_a_project), ShopDevError (settings_invalid) for a file that is no TOML, and for a folder with both.
    """
    for folder in (start, *start.parents):
        if found := declared_in(folder):
            return folder, *found
    raise SandboxError(
        ErrorCode.NOT_IN_A_PROJECT,
        f"{start} is not inside a project: no shop-dev.toml, and no pyproject.toml with a [tool.shop-dev] table, here or above.",
        actions=("shop-dev init",),
    )


def declared_in(folder: Path) -> tuple[Mapping[str, object], str] | None:
    """Return the settings that this very folder declares, and where; None where it declares none. Raises ShopDevError."""
    own, tools = _toml(folder / "shop-dev.toml"), (_toml(folder / "pyproject.toml") or {}).get("tool", {})
    if own is not None and "shop-dev" in tools:
        raise ShopDevError(
            CliCode.SETTINGS_INVALID,
            f"{folder} has both a shop-dev.toml and a table [tool.shop-dev] in pyproject.toml.",
            actions=("Keep one of the two.",),
        )
    if own is not None:
        return own, "shop-dev.toml"
    return (tools["shop-dev"], "pyproject.toml [tool.shop-dev]") if "shop-dev" in tools else None


def _toml(file: Path) -> dict[str, Any] | None:
    """Read a file of TOML; None where there is none."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ShopDevError(
            CliCode.SETTINGS_INVALID, f"{file} is not valid TOML: {error}", actions=("Correct that line.",)
        ) from error
    except OSError as error:
        raise ShopDevError(
            CliCode.SETTINGS_INVALID,
            f"{file} cannot be read: {error.strerror}",
            actions=("Make it a file of yours.",),
        ) from error


def manifests_found(checkout: Path, globs: Iterable[str]) -> list[Path]:
    """Return the files that globs find, relative to the checkout or absolute, without reading them."""
    patterns = [str(checkout / Path(pattern).expanduser()) for pattern in globs]
    return sorted({Path(name) for pattern in patterns for name in glob.glob(pattern, recursive=True)})  # noqa: PTH207 - pathlib refuses absolute ones


def service_names(checkout: Path, globs: Sequence[str]) -> list[str]:
    """Names that the manifests give themselves, by a look at one line of each: whether a manifest is right is decided elsewhere."""
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in manifests_found(checkout, globs) if file.is_file())
    return [found[1] for text in texts if (found := _SERVICE.search(text))]


def resource_names(project: Project) -> tuple[str, ...]:
    """Return all names that commands take: the platform's, the tasks' and the services', started or not."""
    return (*PLATFORM, *TASKS, *service_names(project.checkout, project.settings.services))


def _endpoints(checkout: Path, globs: Sequence[str]) -> Sequence[str]:
    """What may have a fixed port. Reads the manifests, so it is called only where somebody wants one."""
    from shop_sandbox.resources.names import endpoints_of

    return endpoints_of(checkout, globs)
