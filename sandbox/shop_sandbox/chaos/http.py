"""HTTP through the proxy: delays, refusals and lost answers by route."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from shop_sandbox.chaos.active import Active, matches
from shop_sandbox.chaos.connections import LOOPBACK
from shop_sandbox.chaos.fault import Bandwidth, Duplicate, ProxyFault, Reset, Status
from shop_sandbox.chaos.link import Link
from shop_sandbox.chaos.pipe import reset

_OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "proxy-connection", "te"})
"""Headers that mean one hop only (RFC 9110, 7.6.1), and what the body is framed by."""
_MOST_BYTES = 1 << 30
_SECONDS = 300.0


@dataclass(frozen=True)
class Answer:
    """An answer as a whole."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


class HttpProxy:
    """Listens for a link's caller, and asks its callee over a connection of its own for each request."""

    def __init__(self, link: Link, active: Active) -> None:
        self.link, self.active = link, active
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        active.on_begin.append(self._reset_open_ones)

    async def start(self) -> int:
        """Listen; return the port. Raises OSError."""
        # A connection for each request: one that the callee has closed meanwhile would be a fault that nobody asked for.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.link.port).start()
        return self.link.port

    async def close(self) -> None:
        """End all connections."""
        await self._runner.cleanup()
        await self._session.close()

    def operation(self, request: web.Request, body: bytes) -> str:
        """Name what is asked for, as faults name it."""
        del body
        return f"{request.method} {request.path}"

    def refusal(self, request: web.Request, operation: str) -> Answer | None:
        """Return an answer that is given in place of the callee's, before it hears of anything."""
        del request
        fault = self._status(operation, lost_answer=False)
        return problem(fault.status) if fault is not None else None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        for fault in self.active.on(self.link, Reset)[:1]:
            self.active.strikes(self.link, fault)
            return _gone(request)
        body = await request.read()
        await self._paced(len(body))
        operation = self.operation(request, body)
        answer = self.refusal(request, operation)
        if answer is None:
            try:
                answer = await self._asked(request, body, operation)
            except (aiohttp.ClientError, OSError):  # the callee is away: so is the proxy
                return _gone(request)
            if (lost := self._status(operation, lost_answer=True)) is not None:
                answer = problem(lost.status)
        await asyncio.sleep(self.active.delay(self.link, operation))
        await self._paced(len(answer.body))
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body if request.method != "HEAD" else None)

    async def _asked(self, request: web.Request, body: bytes, operation: str) -> Answer:
        answer = await self._ask(request, body)
        for fault in self.active.on(self.link, Duplicate):
            if matches(operation, fault.operations) and self.active.strikes(self.link, fault, share=fault.share):
                await self._ask(request, body)
        return answer

    async def _ask(self, request: web.Request, body: bytes) -> Answer:
        url = URL(f"http://{LOOPBACK}:{self.link.upstream}{request.raw_path}", encoded=True)
        headers = _handed_on(request.headers)
        sent = body if body or "content-length" in headers else None
        async with self._session.request(request.method, url, headers=headers, data=sent, allow_redirects=False) as answer:
            kept = _handed_on(answer.headers)
            if request.method != "HEAD":
                kept.popall("content-length", None)
            return Answer(answer.status, kept, await answer.read())

    def _status(self, operation: str, *, lost_answer: bool) -> Status | None:
        for fault in self.active.on(self.link, Status):
            is_meant = fault.lost_answer == lost_answer and matches(operation, fault.operations)
            if is_meant and self.active.strikes(self.link, fault, share=fault.share):
                return fault
        return None

    async def _paced(self, size: int) -> None:
        for fault in self.active.on(self.link, Bandwidth) if size else ():
            self.active.strikes(self.link, fault)
            await asyncio.sleep(size / (fault.kib_per_second * 1024))

    def _reset_open_ones(self, fault: ProxyFault) -> None:
        server = self._runner.server
        if isinstance(fault, Reset) and self.link.is_meant_by(fault) and server is not None:
            for connection in server.connections:
                if connection.transport is not None:
                    self.active.strikes(self.link, fault)
                    reset(connection.transport)


def problem(status: int) -> Answer:
    """Return an answer as something in between gives it, in the form of problems (RFC 9457)."""
    body = b'{"type":"about:blank","title":"Made by chaos","status":%d}' % status
    return Answer(status, CIMultiDict({"content-type": "application/problem+json", "retry-after": "1"}), body)


def _handed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION)


def _gone(request: web.Request) -> web.Response:
    if request.transport is not None:
        reset(request.transport)
    return web.Response()
