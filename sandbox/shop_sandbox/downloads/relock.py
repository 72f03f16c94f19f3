"""Renew the lock file: `python -m shop_sandbox.downloads`. Needs the network; downloads every archive once to hash it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from shop_sandbox.downloads.lock import GROUPS, WITHOUT_DEPENDENCIES, LockedJar
from shop_sandbox.downloads.repository import user_repositories
from shop_sandbox.downloads.verified import sha256_of

if TYPE_CHECKING:
    from jgo.maven import Artifact


def resolve_all(inherited: Mapping[str, str], scratch: Path) -> dict[str, list[LockedJar]]:
    """Resolve the groups of `GROUPS` with jgo, download their archives below `scratch` and say what each is.

    Raises what jgo raises when a coordinate is not to be found.
    """
    from jgo.maven import MavenContext

    addresses = user_repositories(inherited).addresses
    context = MavenContext(
        repo_cache=scratch, remote_repos={str(rank): address for rank, address in enumerate(addresses)}, timeout=60
    )
    found: dict[str, list[LockedJar]] = {}
    with ThreadPoolExecutor(6) as pool:
        for group, coordinates in GROUPS.items():
            wanted = [context.create_dependency(one) for one in coordinates]
            needed = [] if group in WITHOUT_DEPENDENCIES else context.resolver.resolve(wanted)[1]
            artifacts = {str(one.artifact.key): one.artifact for one in (*wanted, *needed)}
            found[group] = list(pool.map(_locked, artifacts.values()))
    return found


def _locked(artifact: Artifact) -> LockedJar:
    path = artifact.resolve()
    return LockedJar(
        coordinates=f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}",
        sha256=sha256_of(path),
        size=path.stat().st_size,
    )


def renewed(inherited: Mapping[str, str]) -> dict[str, list[LockedJar]]:
    """Resolve into a folder that is removed again."""
    with tempfile.TemporaryDirectory(prefix="shop-dev-lock-") as scratch:
        return resolve_all(inherited, Path(scratch))
