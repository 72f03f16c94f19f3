"""What a sandbox leaves behind as proof of a run, in one folder: also when it fails, and when it is killed.

    versions.json      what ran: shop-dev, Python, the platform, each package, the commit
    inputs.json        a SHA-256 of each file that services and tasks are made from, and one of them all
    events.jsonl       every event, written as it happens
    status.json        the sandbox at its last outcome and at its end
    logs/              what every process printed
    telemetry.sqlite   the traces

Logs, traces and events are written here from the start, so nothing has to be saved at an end that may not come.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import platform
import subprocess  # nosec B404 # asking git is the task
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shop_sandbox.disk import write_atomically
from shop_sandbox.paths import SandboxPaths

_GIT_SECONDS = 10.0


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """`files` are relative to the checkout where they lie in it; `digest` changes when, and only when, one of them does."""

    digest: str
    files: dict[str, str]


class Versions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`commit` ends in `+` where the work tree differs from it; None where there is no git."""

    shop_dev: str
    python: str
    platform: str
    commit: str | None
    packages: dict[str, str]


class Evidence:
    """The folder, and what is written into it while a sandbox runs. A disk that is full costs evidence, not the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lay_out(self, paths: SandboxPaths) -> None:
        """Have the folder, and let the sandbox's logs and traces lie in it. Called before anything of the sandbox runs."""
        (self.folder / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        for place, name in ((paths.logs, "logs"), (paths.telemetry, "telemetry.sqlite")):
            if not place.is_symlink():
                place.symlink_to(self.folder / name)

    def keep_event(self, event: object) -> None:
        """Add a line to the events."""
        with contextlib.suppress(OSError), (self.folder / "events.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(event) + b"\n")

    def keep(self, name: str, content: object) -> None:
        """Replace one of the documents."""
        with contextlib.suppress(Exception):  # whatever is wrong with the disk: the run goes on
            write_atomically(self.folder / f"{name}.json", msgspec.json.format(msgspec.json.encode(content), indent=2))


def inputs(files: Iterable[Path], checkout: Path) -> Inputs:
    """Digest these files; one that goes away meanwhile is left out."""
    found: dict[str, str] = {}
    for file in sorted(set(files)):
        with contextlib.suppress(OSError):
            name = file.relative_to(checkout).as_posix() if file.is_relative_to(checkout) else str(file)
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    whole = hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in found.items()).encode()).hexdigest()
    return Inputs(digest=whole, files=found)


def versions(checkout: Path) -> Versions:
    """Look up what runs here."""
    packages = {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}
    return Versions(
        shop_dev=packages.get("shop-dev", "unknown"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        commit=commit_of(checkout),
        packages=dict(sorted(packages.items())),
    )


def commit_of(checkout: Path) -> str | None:
    """Return the commit that is checked out, with a + where files differ from it; None where there is none."""
    commit = _git(checkout, "rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+" if _git(checkout, "status", "--porcelain") else "")


@dataclass(frozen=True)
class Change:
    """A commit, with a + where files differ from it, and when it was made, in seconds since 1970."""

    commit: str
    seconds: int


def last_change(checkout: Path, paths: Sequence[str]) -> Change:
    """Return the last commit that changed any of these paths; `unknown`, in 1970, where there is no git."""
    found = _git(checkout, "log", "-1", "--format=%H %ct", "--", *paths)
    if not found:
        return Change("unknown", 0)
    commit, seconds = found.split()
    return Change(commit + ("+" if _git(checkout, "status", "--porcelain", "--", *paths) else ""), int(seconds))


def _git(checkout: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # nosec B603 B607 # fixed arguments; git is whichever the developer uses
            ["git", *arguments], cwd=checkout, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
