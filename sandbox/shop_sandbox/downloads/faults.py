"""How downloads fail, in the sandbox's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shop_sandbox.errors import ErrorCode, SandboxError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_full_explained(folder: Path, what: str, *, in_cache: bool = False) -> Iterator[None]:
    """Turn "no space left" below into DISK_FULL with what was being done; let every other error pass.

    `in_cache` says whose folder it is: the shared cache, which can be put elsewhere, or the data of one sandbox.
    """
    way_out = "put the cache elsewhere: set SHOP_CACHE_DIR" if in_cache else "remove a sandbox's data: `shop-dev down --purge`"
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise SandboxError(
            ErrorCode.DISK_FULL,
            f"the disk that holds {folder} is full: {what} could not be written",
            actions=("free some space there and try again", f"or {way_out}"),
            retryable=True,
            detail={"folder": str(folder)},
        ) from error


def unreachable(name: str, addresses: tuple[str, ...], reason: str) -> SandboxError:
    """Nothing answers: most likely there is no network."""
    return SandboxError(
        ErrorCode.OFFLINE_AND_NOT_FETCHED,
        f"{name} is not in the cache, and no repository answers ({reason})",
        actions=(
            "connect to the network and run `shop-dev fetch` once; afterwards no network is needed",
            "behind a proxy, set HTTPS_PROXY; for a company's mirror, name it under [repositories] in ~/.config/jgo.conf",
        ),
        retryable=True,
        detail={"artifact": name, "repositories": list(addresses)},
    )


def refused(name: str, reason: str, addresses: tuple[str, ...]) -> SandboxError:
    """A repository answers, but not with the file."""
    return SandboxError(
        ErrorCode.DOWNLOAD_FAILED,
        f"{name} could not be downloaded: {reason}",
        actions=(
            "try again: what has arrived so far is kept",
            "if a mirror is set in ~/.config/jgo.conf, check that it serves this file",
        ),
        retryable=True,
        detail={"artifact": name, "repositories": list(addresses)},
    )


def corrupt(name: str, expected: str, found: str, address: str) -> SandboxError:
    """What arrived is not what the lock file names."""
    return SandboxError(
        ErrorCode.DOWNLOAD_CORRUPT,
        f"{name} from {address} is not the file that shop-dev pins: SHA-256 {found}, expected {expected}",
        actions=(
            "if a mirror is set in ~/.config/jgo.conf, it serves another file under this name: try without it",
            "try again: nothing of it was kept",
        ),
        detail={"artifact": name, "expected": expected, "found": found, "address": address},
    )
