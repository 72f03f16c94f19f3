"""`shop-dev replay`, where there is nothing to build anew; the rest is seen on a real sandbox."""

from __future__ import annotations

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient
from shop_dev import replaying
from shop_kit.projections.replaying import Replayed
from shop_sandbox.supervisor.protocol import ProcessDescription


def described(**environment: str) -> ProcessDescription:
    return ProcessDescription(resource="search", environment=environment, cwd="/shop", argv=("search",), ports={})


def test_a_service_without_a_database_has_no_read_model(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.described = described()

    error = shop_dev("replay", "edge", "--json").document()["error"]

    assert (error["code"], sandbox.asked) == ("read_model_missing", ["describe edge"])


def test_a_database_that_is_away_is_told(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.described = described(DATABASE_URL="postgresql://search@127.0.0.1:1/search")

    said = shop_dev("replay", "search", "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "service_unreachable")


def test_each_read_model_is_told_with_the_time_it_took(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def built(_database_url: str, *, seconds: float) -> list[Replayed]:
        return [Replayed("search", 3, seconds / 100)]

    sandbox.described = described(DATABASE_URL="postgresql://search@127.0.0.1:1/search")
    monkeypatch.setattr(replaying, "replay", built)

    assert shop_dev("replay", "search").out == "The read model search was built anew in 6.0 s (generation 3).\n"


def test_what_takes_too_long_is_told_with_its_own_status(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(_database_url: str, *, seconds: float) -> list[Replayed]:
        raise TimeoutError

    sandbox.described = described(DATABASE_URL="postgresql://search@127.0.0.1:1/search")
    monkeypatch.setattr(replaying, "replay", endless)

    said = shop_dev("replay", "search", "--timeout", "5", "--json")

    assert (said.status, said.document()["error"]["code"]) == (17, "replay_timed_out")
