"""Contract sources for the commands, with what is wrong with them told as failures of the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shop_contracts.compat.lock import InvalidLock, read_lock
from shop_contracts.compat.readers import Reader
from shop_contracts.compat.schema import Schema
from shop_contracts.compat.sources import Unreadable, files_behind, load
from shop_contracts.files import real_path
from shop_contracts.protobuf.compiled import InvalidProto
from shop_sandbox.errors import ErrorCode, SandboxError

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.project import find_checkout

LOCK = Path("contracts", "rules.lock.yaml")
"""Where a project keeps its rule-set lock."""
_IGNORED = frozenset({".venv", ".git", "node_modules", ".shop-dev", "baselines"})


def open_proto(path: Path, *, name: str | None = None, import_paths: Sequence[Path] = (), source_info: bool = False) -> Schema:
    """Compile a .proto file. Raises ShopDevError (proto_invalid) naming file and line of every fault."""
    try:
        return load(path, name=name, import_paths=import_paths, source_info=source_info)
    except Unreadable as error:
        raise ShopDevError(CliCode.PROTO_INVALID, f"{error.path} cannot be read: {error.reason}.") from error
    except InvalidProto as error:
        faults = [str(problem).replace(f"{name or path.name}:", f"{path}:", 1) for problem in error.problems]
        raise ShopDevError(
            CliCode.PROTO_INVALID, "\n".join([f"{path} does not compile:", *faults]), detail={"faults": faults}
        ) from error


def readers_of(files: Sequence[Path]) -> tuple[tuple[Reader, ...], tuple[str, ...]]:
    """Return the services whose manifests consume a topic of which one of the files is the schema, or a part of it; and warnings.

    A manifest says which topics a service reads, not which fields, so each of them counts as reading everything.
    """
    from shop_sandbox.manifest.loader import load_manifests

    wanted = {real_path(file) for file in files}
    try:
        checkout, table, _ = find_checkout(Path.cwd())
        globs = table.get("services")
        manifests = load_manifests(checkout, globs if isinstance(globs, list) else [])
        topics = {
            topic.name
            for manifest in manifests
            for topic in manifest.service.needs.topics.produces
            if not wanted.isdisjoint(files_behind(checkout / topic.schema))
        }
    except SandboxError as error:
        is_elsewhere = error.code is ErrorCode.NOT_IN_A_PROJECT
        return (), () if is_elsewhere else (f"Consumers are not named, for the manifests cannot be read: {error.message}",)
    except Unreadable as error:
        return (), (f"Consumers are not named, for a topic's schema cannot be read: {error}.",)
    names = sorted(
        {
            manifest.service.service
            for manifest in manifests
            if any(topic.name in topics for topic in manifest.service.needs.topics.consumes)
        }
    )
    return tuple(Reader(name) for name in names), ()


def proto_files() -> list[Path]:
    """Return the project's own .proto files: those below any folder called `proto`. Raises SandboxError (not_in_a_project)."""
    checkout, *_ = find_checkout(Path.cwd())
    found: list[Path] = []
    for folder, folders, files in os.walk(checkout):
        folders[:] = [name for name in folders if name not in _IGNORED]
        if "proto" in Path(folder).relative_to(checkout).parts:
            found += [Path(folder, name) for name in files if name.endswith(".proto")]
    return sorted(_shortened(path) for path in found)


def lock_faults() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is wrong with the project's rule-set lock, and what is worth a warning; nothing of either where there is no lock.

    Raises SandboxError (not_in_a_project).
    """
    checkout, *_ = find_checkout(Path.cwd())
    path = checkout / LOCK
    today = datetime.now(UTC).date()
    if not path.is_file():
        return (), ()
    try:
        lock = read_lock(path, today=today)
    except InvalidLock as error:
        return error.faults, ()
    return (
        tuple(f"{LOCK}: {fault}" for fault in lock.drift()),
        tuple(f"{LOCK}: the exception of {one.owner} from {one.rule} ended on {one.expires}." for one in lock.expired(today)),
    )


def import_name(path: Path) -> str:
    """Return what a file is called inside: from the folder `proto` on, so that the folder rule has something to look at."""
    parts = real_path(path).parts
    return "/".join(parts[parts.index("proto") :]) if "proto" in parts[:-1] else path.name


def _shortened(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
