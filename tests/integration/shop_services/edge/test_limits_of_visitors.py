"""How often visitors may ask follows a parameter while the edge runs, and stays as it was while AWS is away or that is wrong."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import msgspec
import pytest
from fakes.bare_platform import PlatformSettings
from shop_kit.aws.client import AwsClient
from shop_kit.changing_values import ChangingValue, parameter
from shop_kit.clock import SystemClock
from shop_kit.rate_limits import RateLimit
from shop_kit.settings import AwsSettings
from shop_services.edge.adapters.gate import Limits
from shop_services.edge.adapters.visitor_limits import VisitorLimits

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

ORDINARY = Limits(RateLimit(50, 100), RateLimit(500, 1000))


class Way:
    """The way to the emulator, which can be closed."""

    def __init__(self, settings: AwsSettings) -> None:
        self._target = urlsplit(settings.aws_endpoint_url or "")
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand one request on, and its answer back: each on a connection of its own, so that nothing stays open behind a close."""
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line.partition(b":")[2]) for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        there[1].write(head[:-2] + b"connection: close\r\n\r\n" + await reader.readexactly(size))
        with suppress(OSError):
            writer.write(await there[0].read())
        for one in (there[1], writer):
            one.close()


@asynccontextmanager
async def the_limits(way: Way, settings: AwsSettings, name: str) -> AsyncIterator[ChangingValue[VisitorLimits]]:
    through = msgspec.structs.replace(settings, aws_endpoint_url=way.url)
    async with AwsClient.connect(through) as aws:
        yield ChangingValue("edge-limits", parameter(aws, name), VisitorLimits, default=VisitorLimits(), clock=SystemClock())


async def test_the_last_good_limits_hold_whatever_becomes_of_their_source(platform: PlatformSettings) -> None:
    name, way, seen = f"/shop/{uuid.uuid4().hex[:8]}/limits", Way(platform.aws), []
    await way.open()

    async def put(text: str) -> None:
        request = {"Name": name, "Value": text, "Type": "String", "Overwrite": True}
        await aws.call("ssm", "AmazonSSM", "PutParameter", request, version="1.1")

    async with AwsClient.connect(platform.aws) as aws, the_limits(way, platform.aws, name) as value:

        async def look() -> None:
            await value.refresh()
            seen.append(value.current.limits(trusted_proxies=0))

        await look()  # nobody has made the parameter yet
        await put('{"address": {"perSecond": 3, "burst": 5}}')
        await look()
        way.close()
        await put('{"address": {"perSecond": 7, "burst": 9}}')
        await look()  # away
        await way.open()
        async with asyncio.timeout(10):
            while value.current.limits(trusted_proxies=0) == seen[-1]:
                await value.refresh()  # the first ones are refused: the breaker is open for a second
                await asyncio.sleep(0.05)
        await look()
        for wrong in ("{", '{"address": {"perSecond": 0, "burst": 5}}', '{"adress": {"perSecond": 1, "burst": 1}}'):
            await put(wrong)
            await look()
        way.close()

    few, some = RateLimit(3, 5), RateLimit(7, 9)
    expected = [ORDINARY.address, few, few, some, some, some, some]
    assert [limits.address for limits in seen] == expected
    assert {limits.customer for limits in seen} == {ORDINARY.customer}
