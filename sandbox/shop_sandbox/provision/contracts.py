"""What an edited schema has to pass before it is registered: code is made from it, and it is held to what is released.

The project's own commands do that; here it is only known when they are due. What they refuse never gets an id in the registry.
"""

from __future__ import annotations

import hashlib
import os
import subprocess  # nosec B404 # the commands are the project's
import sys
from pathlib import Path

import msgspec

_BREAKS = frozenset({"sources", "baselines", "changes", "consumers"})
"""Groups of findings for which a schema is refused. Style and gaps elsewhere keep it from landing, not from being tried."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has against a contract."""

    message: str
    group: str = ""
    id: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part)
        return f"{place + ': ' if place else ''}{self.message}" + (f" [{self.id}]" if self.id else "")


class _Data(msgspec.Struct, frozen=True):
    findings: list[Finding] = []


class _Error(msgspec.Struct, frozen=True):
    message: str


class _Document(msgspec.Struct, frozen=True):
    """The part of a command's answer that matters here."""

    data: _Data | None = None
    error: _Error | None = None


def main() -> None:
    """Pass edited schemas in this process. `SHOP_CONTRACTS` says by which commands, `SHOP_CONTRACTS_STAMP` keeps the digest of
    what has passed. Raises SystemExit with the status of the command that refuses."""
    environment = dict(os.environ)
    contracts = msgspec.json.decode(environment.pop("SHOP_CONTRACTS"), type=Contracts, dec_hook=lambda kind, value: kind(value))
    stamp = Path(environment.pop("SHOP_CONTRACTS_STAMP"))
    status = run(contracts, stamp, environment)
    if status:
        raise SystemExit(status)


class Contracts(msgspec.Struct, frozen=True, kw_only=True):
    """`commands` run in the checkout, one after the other, when a `.proto` file below one of the folders, or an Avro or JSON
    Schema in one of `texts`, is not what it was. Each answers with a JSON document on its output. Nobody is held to anything before
    the folder `released` is there."""

    checkout: Path
    folders: tuple[Path, ...]
    texts: tuple[Path, ...] = ()
    released: Path
    commands: tuple[tuple[str, ...], ...]


def run(contracts: Contracts, stamp: Path, environment: dict[str, str]) -> int:
    """Run the commands unless nothing was edited since they passed, and return the status of the first that refuses.

    What is there at the very first start is taken as it is: it is not edited, and was checked before it was committed.
    """
    now = digest(contracts)
    before = stamp.read_text(encoding="utf-8") if stamp.exists() else now
    for command in contracts.commands if before != now and contracts.released.is_dir() else ():
        done = subprocess.run(command, cwd=contracts.checkout, env=environment, capture_output=True, check=False)  # nosec B603
        if done.returncode and (refused := refusal(done.stdout, done.stderr)):
            for line in refused:
                _tell(f"error: {line}")
            return done.returncode
    if digest(contracts) == now:  # else it was edited meanwhile, and is looked at again
        stamp.write_text(now, encoding="utf-8")
    return 0


def digest(contracts: Contracts) -> str:
    """Return a digest of all schemas: names and contents."""
    told = hashlib.sha256()
    protos = (file for folder in contracts.folders for file in folder.rglob("*.proto"))
    texts = (file for folder in contracts.texts for kind in ("*.avsc", "*.json") for file in folder.glob(kind))
    for file in sorted({*protos, *texts}):
        told.update(f"\0{file}\0".encode())
        told.update(hashlib.sha256(file.read_bytes()).digest())
    return told.hexdigest()


def refusal(answer: bytes, said: bytes) -> list[str]:
    """Return why a command that failed refuses the schemas, in its own words; nothing where it has only other things to say."""
    try:
        document = msgspec.json.decode(answer, type=_Document)
    except msgspec.DecodeError:
        return (answer + said).decode(errors="replace").splitlines() or ["it failed and said nothing"]
    findings = document.data.findings if document.data is not None else []
    if findings:
        return [str(one) for one in findings if one.group in _BREAKS]
    return [document.error.message if document.error is not None else "it failed and did not say why"]


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
