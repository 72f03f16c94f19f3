"""Where the sandbox's processes keep what Python compiles: in the cache, and for installed packages once for all work trees.

Bytecode lies beside the cache's other derived things also for a read-only checkout, and whatever the caller does with its own.
Python finds it there by the path of the source, so each work tree would compile all packages anew, for seconds. Where the same
files were installed (uv links them from its own cache, times of change included, by which Python knows whether bytecode fits), the
folder of a work tree's packages is a link to one that all of them share.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import sysconfig
from pathlib import Path

from shop_sandbox.downloads.usage import mark_used
from shop_sandbox.paths import CachePaths


def prefix(cache: CachePaths) -> Path:
    """Return what PYTHONPYCACHEPREFIX is to be."""
    packages = Path(sysconfig.get_path("purelib"))
    with contextlib.suppress(OSError):  # then this work tree compiles for itself
        _share(cache.bytecode.joinpath(*packages.parts[1:]), cache.derived / f"bytecode-{_installed(packages)}")
    return cache.bytecode


def _share(own: Path, shared: Path) -> None:
    if own.is_symlink():
        if own.readlink() == shared:
            mark_used(shared)
            return
        own.unlink()  # other packages were installed since
    shared.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if own.is_dir():
        own.rename(shared) if not shared.exists() else shutil.rmtree(own, ignore_errors=True)  # of a time before it was shared
    shared.mkdir(mode=0o700, exist_ok=True)
    own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own.symlink_to(shared, target_is_directory=True)


def _installed(packages: Path) -> str:
    """Name these very files: the versions, and when they were written.

    What pip wrote beside what uv linked (uv itself, where the machine had none) has times of its own in each work tree. It is no
    library of ours, so it does not count.
    """
    all_of_them = sorted(packages.glob("*.dist-info/METADATA"))
    linked = [metadata for metadata in all_of_them if _installer(metadata) == "uv"]
    found = (f"{metadata.parent.name} {metadata.stat().st_mtime_ns}" for metadata in linked or all_of_them)
    return hashlib.sha256("\n".join((sys.implementation.cache_tag or "", *found)).encode()).hexdigest()[:16]


def _installer(metadata: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return metadata.with_name("INSTALLER").read_text(encoding="utf-8").strip()
    return ""
