"""Whether a checkout has joined a sandbox of another one: then its commands mean that sandbox."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shop_sandbox.paths import SandboxPaths

_RECORD = "joined.json"


@dataclass(frozen=True)
class Joined:
    """The sandbox `name` of the checkout `host`, in the run that `nonce` names: who starts it anew starts without guests."""

    host: Path
    name: str
    nonce: str

    def __str__(self) -> str:
        return f"sandbox {self.name} of {self.host}"

    def paths(self, runtime_dir: Path) -> SandboxPaths:
        """Return where that sandbox is."""
        return SandboxPaths(checkout=self.host, name=self.name, runtime_dir=runtime_dir)

    def is_over(self, runtime_dir: Path) -> bool:
        """Return whether that run has ended."""
        from shop_sandbox import ownership  # only few checkouts have joined one

        owner = ownership.running_owner(self.paths(runtime_dir))
        return owner is None or owner.nonce != self.nonce


def joined_by(own: SandboxPaths) -> Joined | None:
    """Return what a checkout has joined in the place of its own sandbox; None where it has not.

    Raises SandboxError (WRITTEN_BY_ANOTHER_VERSION).
    """
    file = own.root / _RECORD
    if not file.is_file():
        return None
    from shop_sandbox import records

    from shop_dev.sandbox_records import JoinedSandbox

    with suppress(OSError, records.Unreadable):
        told = records.read(file, JoinedSandbox)
        return Joined(Path(told.host), told.name, told.nonce) if told is not None else None
    return None


def remember(own: SandboxPaths, joined: Joined) -> None:
    """Keep what this checkout has joined. Raises SandboxError (FOLDER_UNUSABLE, DISK_FULL)."""
    from shop_sandbox import ownership, records

    from shop_dev.sandbox_records import JoinedSandbox

    ownership.make_home(own)
    records.write(own.root / _RECORD, JoinedSandbox(host=str(joined.host), name=joined.name, nonce=joined.nonce))


def forget(own: SandboxPaths) -> None:
    """Let the checkout have a sandbox of its own again."""
    (own.root / _RECORD).unlink(missing_ok=True)
    with suppress(OSError):
        own.root.rmdir()  # where nothing else was in it
