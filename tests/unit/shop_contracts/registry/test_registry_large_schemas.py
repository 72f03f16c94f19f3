"""While a large schema is compiled, the registry answers others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from fakes.registry_client import protobuf
from fakes.schema_log import FakeLog, SharedTopic
from shop_contracts.protobuf import compiler
from shop_contracts.registry import content
from shop_contracts.registry.http import application
from shop_contracts.registry.registry import Registry

pytestmark = pytest.mark.anyio
MESSAGES = " ".join(f"message M{n} {{ string name_{n} = 1; int64 amount_{n} = 2; }}" for n in range(400))
LARGE = f'syntax = "proto3"; package large; {MESSAGES}'
WAITS_SECONDS = 60


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def http(topic: SharedTopic) -> AsyncIterator[httpx.AsyncClient]:
    registry = Registry(FakeLog(topic))
    await registry.start()
    transport = httpx.ASGITransport(application(registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        yield client
    await registry.close()


PLACES = ["/subjects/large/versions", "/subjects/large", "/compatibility/subjects/large/versions"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", [LARGE, LARGE + " message"], ids=["valid", "invalid"])
async def test_others_are_answered_while_a_large_schema_is_compiled(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, place: str, text: str
) -> None:
    begun, others_were_answered, compiled = asyncio.Event(), threading.Event(), compiler._protoc_in_a_process
    loop = asyncio.get_running_loop()

    def after_others(arguments: list[str]) -> tuple[int, bytes]:
        loop.call_soon_threadsafe(begun.set)
        assert others_were_answered.wait(WAITS_SECONDS), "the event loop stood still"
        return compiled(arguments)

    def in_here(arguments: list[str]) -> tuple[int, bytes]:
        raise AssertionError("the compiler holds the event loop")

    monkeypatch.setattr(compiler, "_protoc_in_a_process", after_others)
    monkeypatch.setattr(compiler, "_protoc_in_here", in_here)
    asked = asyncio.create_task(http.post(place, json=protobuf(text)))
    await asyncio.wait_for(begun.wait(), WAITS_SECONDS)

    assert (await http.get("/subjects")).status_code == 200
    others_were_answered.set()

    unknown_subject = place == "/subjects/large"
    assert (await asked).status_code == (422 if text is not LARGE else 404 if unknown_subject else 200)


async def test_a_small_schema_is_compiled_at_once(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(arguments: list[str]) -> tuple[int, bytes]:
        raise AssertionError("a process for this takes longer than the compiler")

    monkeypatch.setattr(compiler, "_protoc_in_a_process", elsewhere)

    answer = await http.post("/subjects/small/versions", json=protobuf('syntax = "proto3"; message M { string a = 1; }'))

    assert answer.json()["id"] == 1


async def test_a_large_schema_that_is_known_is_not_compiled_again(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [LARGE.replace("package large", f"package large{number}") for number in range(3)]
    monkeypatch.setattr(content, "_KEPT_AHEAD", 1)
    registered = await http.post("/subjects/large/versions", json=protobuf(LARGE))
    for number, text in enumerate(others):
        await http.post(f"/subjects/large{number}/versions", json=protobuf(text))

    def again(arguments: list[str]) -> tuple[int, bytes]:
        raise AssertionError("it was compiled before")

    monkeypatch.setattr(compiler, "_protoc_in_a_process", again)
    found = await http.post("/subjects/large", json=protobuf(LARGE))

    assert found.json()["id"] == registered.json()["id"]
