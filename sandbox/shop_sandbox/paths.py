"""Where a sandbox keeps its state, and where downloads live."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_HOME = ".shop-dev"
DEFAULT_NAME = "default"
LONGEST_SOCKET_PATH = 103
"""Bytes that macOS takes; Linux takes four more."""


@dataclass(frozen=True)
class SandboxPaths:
    """The files of one sandbox: `.shop-dev/<name>/` in the checkout. Who finds its data there finds its lock and its owner too."""

    checkout: Path
    name: str
    runtime_dir: Path

    @property
    def root(self) -> Path:
        """Everything of this sandbox, for its owner's eyes only."""
        return self.checkout / _HOME / self.name

    @property
    def ledger(self) -> Path:
        """Proof of which processes are ours: written before a child is announced, read by `down` and by the next `up`."""
        return self.root / "ledger.json"

    @property
    def state(self) -> Path:
        """Identity and generation of the sandbox's data, see `shop_sandbox.state`."""
        return self.root / "state.json"

    @property
    def credentials(self) -> Path:
        """The secret from which the stores' passwords are derived, see `shop_sandbox.credentials`."""
        return self.root / "credentials.json"

    @property
    def certificates(self) -> Path:
        """The sandbox's own authority and its services' certificates, see `shop_sandbox.certificates`."""
        return self.root / "tls"

    @property
    def ports(self) -> Path:
        """The ports that were chosen once, to be taken again."""
        return self.root / "ports.json"

    @property
    def history(self) -> Path:
        """One JSON line a start: the timings to compare the next one with."""
        return self.root / "history.jsonl"

    @property
    def logs(self) -> Path:
        """One file a resource, with rotated ones beside it."""
        return self.root / "logs"

    @property
    def telemetry(self) -> Path:
        """The traces that services sent, an SQLite database."""
        return self.root / "telemetry.sqlite"

    @property
    def flag(self) -> str:
        """What a command line needs besides, so that it means this sandbox: ` --name load`, or nothing for the default one."""
        return flag(self.name)

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives, and by who clears away what a dead one has left."""
        return self.root / "lock"

    @property
    def owner(self) -> Path:
        """Who runs this sandbox and where it listens, see `shop_sandbox.ownership`."""
        return self.root / "owner.json"

    @property
    def sockets(self) -> tuple[Path, ...]:
        """Where a supervisor may listen, best first: beside the lock, else in the runtime folder, which has a short path.

        Empty where both paths are too long for a socket. Clients do not guess: the owner record says which it is.
        """
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        places = (self.root / "control.sock", self.runtime_dir / f"{digest}.sock")
        return tuple(place for place in places if len(os.fsencode(place)) <= LONGEST_SOCKET_PATH)

    @property
    def contracts_stamp(self) -> Path:
        """A digest of the schemas that have passed `check-contracts`."""
        return self.root / "contracts.sha256"

    @property
    def provisioned(self) -> Path:
        """What the emulator gave out while provisioning (ids of user pools), see `provision.told`; it lies with the data."""
        return self.root / "data" / "provisioned.json"

    @property
    def clock(self) -> Path:
        """How far the services' time is ahead, see `shop_sandbox.clock`; it lies with the data that it dated."""
        return self.root / "data" / "clock"

    def data(self, resource: str) -> Path:
        """Return where a resource keeps its data."""
        return self.root / "data" / resource

    def log(self, resource: str) -> Path:
        """Return the file with the newest output of a resource."""
        return self.logs / f"{resource}.log"


def flag(name: str) -> str:
    """Return what a command line needs besides, so that it means the sandbox of that name."""
    return "" if name == DEFAULT_NAME else f" --name {name}"


def flag_of(path: Path) -> str:
    """Return the same for the sandbox in whose folder a path lies."""
    *_, name = ("", *(inner for outer, inner in pairwise(path.parts) if outer == _HOME))
    return flag(name or DEFAULT_NAME)


@dataclass(frozen=True)
class CachePaths:
    """The user's cache, shared by all sandboxes: verified downloads and what is derived from them."""

    root: Path

    @property
    def downloads(self) -> Path:
        """Archives whose hashes were found right."""
        return self.root / "downloads"

    @property
    def bytecode(self) -> Path:
        """What Python compiles for the sandbox's processes, by the path of the source; see `shop_sandbox.bytecode`."""
        return self.root / "bytecode"

    @property
    def derived(self) -> Path:
        """Formatted Kafka directories, AOT caches, PostgreSQL templates: each in a folder named by what it was made from."""
        return self.root / "derived"


def default_cache_root(environ: dict[str, str]) -> Path:
    """Return the user cache directory, by XDG where it is set. Called once, at the root."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shop-dev"


def default_runtime_dir(environ: dict[str, str]) -> Path:
    """Return the folder for sockets whose own place has too long a path, by XDG where it is set. Called once, at the root."""
    base = environ.get("XDG_RUNTIME_DIR")
    if base:
        return Path(base) / "shop-dev"
    return Path(environ.get("TMPDIR") or "/tmp") / f"shop-dev-{os.getuid()}"  # noqa: S108  # nosec B108 # taken only where it is ours alone
