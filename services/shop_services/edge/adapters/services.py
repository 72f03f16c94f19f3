"""Calls to the services behind the front door: bounded, tried again where that is safe, and given up early where nobody answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
from opentelemetry.trace import SpanKind, Tracer
from shop_kit import context
from shop_kit.errors import Unavailable
from shop_kit.resilience import deadline
from shop_kit.resilience.calls import CallKind, GuardedCalls
from shop_kit.tls import MutualTls
from shop_kit.tracing import traceparent
from yarl import URL

from shop_services.edge.application.callers import Caller
from shop_services.edge.application.ports import Change, Effect, ServiceAnswer

CONNECT_SECONDS = 1.0
# Given by the service itself when it cannot work now: the same as no answer.
AWAY = frozenset({502, 503, 504})

Sign = Callable[[Caller], str]
"""Returns the internal token that says for whom the edge asks, and what they may do."""


class HttpService:
    """Implements `Service` over HTTP, as its policy declares."""

    def __init__(self, calls: GuardedCalls, url: str, session: aiohttp.ClientSession, *, sign: Sign, tracer: Tracer) -> None:
        self._calls = calls
        self._name = calls.name
        self._url = url.rstrip("/")
        self._session = session
        self._sign = sign
        self._tracer = tracer

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, calls: GuardedCalls, url: str, *, sign: Sign, tracer: Tracer, tls: MutualTls | None = None
    ) -> AsyncIterator[HttpService]:
        """Give a client with connections of its own for the block; `tls` is for a service that answers over https."""
        connector = aiohttp.TCPConnector(limit=calls.connections, keepalive_timeout=30, ssl=tls.client if tls else True)
        async with aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            yield cls(calls, url, session, sign=sign, tracer=tracer)

    async def get(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Ask in a caller's name; `seconds` bound it with all its tries. Raises Unavailable, Overloaded."""
        return await self._call("GET", path, self._headers(caller), None, seconds, kind=CallKind.READ)

    async def wait(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Ask in a caller's name for what is not there yet. Raises Unavailable; Overloaded when enough others wait."""
        return await self._call("GET", path, self._headers(caller), None, seconds, kind=CallKind.WAIT)

    async def post(self, path: str, effect: Effect, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Send a body in a caller's name, with the key that makes repeating it safe. Raises Unavailable, Overloaded."""
        own = {"content-type": effect.content_type, "idempotency-key": effect.idempotency_key}
        headers = {**self._headers(caller), **own}
        return await self._call("POST", path, headers, effect.body, seconds, kind=CallKind.WRITE)

    async def change(self, path: str, change: Change, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Send a change in a caller's name, once. Raises Unavailable, Overloaded."""
        headers = {**self._headers(caller), **change.headers}
        return await self._call(change.method, path, headers, change.body, seconds, kind=CallKind.WRITE, may_repeat=False)

    async def check(self) -> None:
        """Return when the service answers at all. Raises Unavailable."""
        await self._send("GET", "/health", {}, None)

    def _headers(self, caller: Caller) -> dict[str, str]:
        return {"authorization": f"Bearer {self._sign(caller)}", "x-correlation-id": context.correlation_id()}

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float,
        *,
        kind: CallKind,
        may_repeat: bool = True,
    ) -> ServiceAnswer:
        """One request, tried again while there is no answer where it is a read, or carries a key that makes repeating it safe."""
        return await self._calls.call(
            lambda: self._traced(method, path, headers, body), kind=kind, may_repeat=may_repeat, seconds=seconds
        )

    async def _traced(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> ServiceAnswer:
        attributes = {"http.request.method": method, "url.path": path.partition("?")[0], "peer.service": self._name}
        with self._tracer.start_as_current_span(f"{method} {self._name}", kind=SpanKind.CLIENT, attributes=attributes) as span:
            context.mark_span(span)
            answer = await self._send(method, path, {**headers, "traceparent": traceparent() or ""}, body)
            span.set_attribute("http.response.status_code", answer.status)
        return answer

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> ServiceAnswer:
        left = deadline.seconds_left()
        sent = dict(headers) if left is None else {**headers, deadline.HEADER: str(int(left * 1000))}
        timeout = aiohttp.ClientTimeout(total=left, connect=CONNECT_SECONDS)
        # The path is quoted already, and must reach the service as it is.
        url = URL(f"{self._url}{path}", encoded=True)
        try:
            async with self._session.request(
                method, url, headers=sent, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
            self._calls.count("unreachable")
            raise Unavailable(self._name, str(trouble) or type(trouble).__name__) from trouble
        self._calls.count(str(response.status))
        if response.status in AWAY:
            raise Unavailable(self._name, f"it answers {response.status}")
        return ServiceAnswer(response.status, content, {name.lower(): value for name, value in response.headers.items()})
