"""What a run of load needs to know before it begins: whom it may go to, and what can be bought there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import httpx
from shop_loadtests.journeys import journeys
from shop_loadtests.profile import Profile, ProfileUnusable, read
from shop_loadtests.run import GeneratorLost, Measured, run
from shop_loadtests.verdict import Verdict

from shop_dev.errors import CliCode, ShopDevError

MOST_SKUS = 500
_PAGE = 100
_ANSWER_SECONDS = 10.0


@dataclass
class Load:
    """A run against a shop: what is asked for, and what was measured so far."""

    profile: Profile
    target: str
    skus: tuple[str, ...]
    seed: int
    workers: int
    measured: Measured = field(default_factory=Measured)

    def measuring(self) -> Iterator[Measured]:
        """Make the visits; yield what was measured each second. Raises ShopDevError (load_broken)."""
        try:
            for measured in run(self.profile, target=self.target, skus=self.skus, seed=self.seed, workers=self.workers):
                self.measured = measured
                yield measured
        except GeneratorLost as error:
            raise ShopDevError(CliCode.LOAD_BROKEN, f"{error}: nothing of this run is believed.") from error

    @property
    def verdict(self) -> Verdict:
        return self.measured.verdict(self.profile)


def profile_of(name: str) -> Profile:
    """Read a profile. Raises ShopDevError (profile_invalid) with all its faults."""
    try:
        return read(name, [*journeys()])
    except ProfileUnusable as error:
        raise ShopDevError(CliCode.PROFILE_INVALID, str(error), detail={"faults": list(error.faults)}) from error


def allowed_target(url: str, *, is_mine: bool) -> str:
    """Return the target as a base address. Raises ShopDevError (usage_invalid, target_refused).

    Load goes to this machine only, unless whoever asks says that another one is theirs.
    """
    address = httpx.URL(url)
    if address.scheme not in {"http", "https"} or not address.host:
        raise ShopDevError(CliCode.USAGE_INVALID, f"{url} is no address of a shop.", actions=("--target http://127.0.0.1:8080",))
    if not is_mine and not _is_loopback(address.host):
        raise ShopDevError(
            CliCode.TARGET_REFUSED,
            f"{address.host} is not this machine: load on somebody else's is an attack.",
            actions=("if you may load it: --i-own-this-target", "without --target the sandbox of this checkout is loaded"),
            detail={"target": url},
        )
    return str(address.copy_with(path="/", query=None, fragment=None)).rstrip("/")


def articles_in_stock(target: str) -> tuple[str, ...]:
    """Return the SKUs of up to 500 articles that can be bought. Raises ShopDevError (service_unreachable)."""
    try:
        found = (*islice(_in_stock(target), MOST_SKUS),)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise ShopDevError(
            CliCode.SERVICE_UNREACHABLE,
            f"{target} does not say what is in stock: {error}",
            actions=("shop-dev status", "shop-dev up"),
        ) from error
    if not found:
        raise ShopDevError(CliCode.SERVICE_UNREACHABLE, f"{target} has nothing in stock.", actions=("shop-dev seed",))
    return found


def _in_stock(target: str) -> Iterator[str]:
    with httpx.Client(base_url=target, timeout=_ANSWER_SECONDS) as client:
        cursor = None
        while True:
            answer = client.get("/v1/stock-items", params={"limit": _PAGE, **({"cursor": cursor} if cursor else {})})
            page = answer.raise_for_status().json()
            yield from (item["sku"] for item in page["items"] if item["free"] > 0)
            cursor = page.get("nextCursor")
            if not cursor:
                return


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
