"""Where a sandbox keeps its state, and where downloads live."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxPaths:
    """The files of one sandbox: `.shop-dev/<name>/` in the checkout, and its control socket.

    The socket lives in a short private directory, since a Unix socket path holds at most 104 bytes on macOS and 108 on Linux.
    """

    checkout: Path
    name: str
    runtime_dir: Path

    @property
    def root(self) -> Path:
        """Everything of this sandbox but its socket."""
        return self.checkout / ".shop-dev" / self.name

    @property
    def ledger(self) -> Path:
        """Proof of which processes are ours: written before a child is announced, read by `down` and by the next `up`."""
        return self.root / "ledger.json"

    @property
    def state(self) -> Path:
        """Identity and generation of the sandbox's data, see `shop_sandbox.state`."""
        return self.root / "state.json"

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
    def socket(self) -> Path:
        """Where the supervisor listens for commands."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        return self.runtime_dir / f"{digest}.sock"

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


@dataclass(frozen=True)
class CachePaths:
    """The user's cache, shared by all sandboxes: verified downloads and what is derived from them."""

    root: Path

    @property
    def downloads(self) -> Path:
        """Archives whose hashes were found right."""
        return self.root / "downloads"

    @property
    def derived(self) -> Path:
        """Formatted Kafka directories, AOT caches, PostgreSQL templates: each in a folder named by what it was made from."""
        return self.root / "derived"


def default_cache_root(environ: dict[str, str]) -> Path:
    """Return the user cache directory, by XDG where it is set. Called once, at the root."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shop-dev"


def default_runtime_dir(environ: dict[str, str]) -> Path:
    """Return a private directory for sockets, by XDG where it is set and short enough. Called once, at the root."""
    base = environ.get("XDG_RUNTIME_DIR")
    if base and len(base) <= 60:
        return Path(base) / "shop-dev"
    return Path(tempfile.gettempdir()) / f"shop-dev-{os.getuid()}"
