"""Whom load may go to."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import httpx

from shop_dev.errors import CliCode, ShopDevError


@dataclass(frozen=True)
class Target:
    """What is loaded: its base address, and the variables of the sandbox behind it; none where it is no sandbox of ours."""

    url: str
    environment: Mapping[str, str] = field(default_factory=dict)


def allowed_target(url: str, *, is_mine: bool, allowed: Collection[str] = ()) -> Target:
    """Return the target as a base address. Raises ShopDevError (usage_invalid, target_refused).

    Load goes to this machine and to hosts that are `allowed` only, unless whoever asks says that another one is theirs.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _no_address(url) from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise _no_address(url)
    if not is_mine and not _is_loopback(address.host) and address.host not in allowed:
        raise ShopDevError(
            CliCode.TARGET_REFUSED,
            f"{address.host} is not this machine: load on somebody else's is an attack.",
            actions=(
                "if you may load it: --i-own-this-target, or its host in `targets` of [tool.shop-dev.load]",
                "without --target the sandbox of this checkout is loaded",
            ),
            detail={"target": url},
        )
    return Target(str(address.copy_with(path="/", query=None, fragment=None)).rstrip("/"))


def _no_address(url: str) -> ShopDevError:
    return ShopDevError(CliCode.USAGE_INVALID, f"{url} is no address to load.", actions=("--target http://127.0.0.1:8080",))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
