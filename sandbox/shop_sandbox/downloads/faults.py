"""How downloads fail, in the sandbox's words."""

from __future__ import annotations

from urllib.parse import urlsplit

from shop_sandbox.errors import ErrorCode, SandboxError


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


def untrusted(name: str, address: str, reason: str) -> SandboxError:
    """The address answers with a certificate that nobody here vouches for: a proxy that looks into TLS, most likely."""
    return SandboxError(
        ErrorCode.DOWNLOAD_FAILED,
        f"{name} could not be downloaded: the certificate of {address} is not trusted here ({reason})",
        actions=(
            "behind a proxy that inspects TLS: put its certificate into the system's trust store, or its path into SSL_CERT_FILE",
            f"`openssl s_client -connect {_host(address)} -showcerts` shows whose certificate it is",
        ),
        retryable=True,
        detail={"artifact": name, "address": address, "reason": reason},
    )


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or 443}"


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
