"""The process of all proxies of a sandbox, and the HTTP by which it is told of faults.

`POST /faults` begins one (a fault's JSON; its `start` is not looked at), `DELETE /faults` ends all, `GET /faults` tells those of
this moment and how often each kind has struck each link.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence

import msgspec
from aiohttp import web

from shop_sandbox.chaos.active import Active
from shop_sandbox.chaos.aws import AwsProxy
from shop_sandbox.chaos.connections import LOOPBACK, Stream, StreamProxy
from shop_sandbox.chaos.fault import ProxyFault
from shop_sandbox.chaos.http import HttpProxy
from shop_sandbox.chaos.kafka.proxy import KafkaProxy
from shop_sandbox.chaos.link import Link, Protocol

LINKS = "SHOP_CHAOS_LINKS"
"""The variable that holds the links, as JSON."""


class Told(msgspec.Struct, frozen=True):
    """What `GET /faults` answers: `struck` is how often, by link and kind."""

    now: list[ProxyFault]
    struck: dict[str, dict[str, int]]


def proxy_of(link: Link, active: Active) -> KafkaProxy | StreamProxy | HttpProxy:
    """Return the proxy that understands a link's protocol."""
    match link.protocol:
        case Protocol.KAFKA:
            return KafkaProxy(link, active)
        case Protocol.HTTP:
            return HttpProxy(link, active)
        case Protocol.AWS:
            return AwsProxy(link, active)
        case Protocol.STREAM:
            return StreamProxy(link, active, lambda: Stream(link, active))


async def serve(links: Sequence[Link], port: int, *, seed: int = 1) -> None:
    """Listen for all links, and on `port` for faults, until cancelled. Raises OSError."""
    active = Active(random.Random(seed))  # noqa: S311  # nosec B311 # repeatable, not secret
    proxies = [proxy_of(link, active) for link in links]
    for proxy in proxies:
        await proxy.start()
    runner = web.AppRunner(_control(active, links), access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        for proxy in proxies:
            await proxy.close()


def _control(active: Active, links: Sequence[Link]) -> web.Application:
    async def begin(request: web.Request) -> web.Response:
        try:
            fault = msgspec.json.decode(await request.read(), type=ProxyFault)
        except msgspec.ValidationError as error:
            return web.json_response({"error": str(error)}, status=422)
        if not any(link.is_meant_by(fault) for link in links):
            return web.json_response({"error": f"nobody calls {fault.target} through a proxy"}, status=422)
        active.begin(fault)
        return web.Response(status=204)

    async def end(_: web.Request) -> web.Response:
        active.end_all()
        return web.Response(status=204)

    async def tell(_: web.Request) -> web.Response:
        struck: dict[str, dict[str, int]] = {}
        for (link, kind), count in active.struck.items():
            struck.setdefault(link, {})[kind] = count
        return web.Response(body=msgspec.json.encode(Told(active.now(), struck)), content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/faults", begin), web.delete("/faults", end), web.get("/faults", tell)])
    return app


def main() -> None:
    """Run what the environment says: the links in SHOP_CHAOS_LINKS, the port for faults in PORT."""
    links = msgspec.json.decode(os.environ[LINKS], type=list[Link])

    async def until_told() -> None:
        served = asyncio.ensure_future(serve(links, int(os.environ["PORT"])))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, served.cancel)
        await asyncio.wait([served])
        if not served.cancelled():
            served.result()

    asyncio.run(until_told())
