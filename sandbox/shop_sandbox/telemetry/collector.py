"""The collector: a process of its own that takes OTLP/HTTP, in protobuf or JSON, and keeps the spans.

Logs and metrics are answered like any collector does, so that no exporter complains, and not kept: the services' logs are on disk
already, and metrics are read from the services themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
import sys
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shop_sandbox.telemetry.otlp_json import protobuf_of
from shop_sandbox.telemetry.spans import rows_of
from shop_sandbox.telemetry.store import KeyRow, SpanRow, SpanStore

_LARGEST_BODY_BYTES = 16 * 1024 * 1024
_FLUSH_SECONDS = 0.2
_PRUNE_SECONDS = 30.0
_MOST_WAITING_SPANS = 50_000
_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_ACCEPTED = ExportTraceServiceResponse().SerializeToString()  # empty, and the same bytes for logs and metrics


class Inbox:
    """Spans on their way to the disk: requests are answered at once, and a batch is written a few times a second."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._spans: list[SpanRow] = []
        self._keys: list[KeyRow] = []
        self._waiting = asyncio.Event()

    def put(self, spans: list[SpanRow], keys: list[KeyRow]) -> bool:
        """Take spans to write. False when the disk does not keep up: the exporter is then asked to come again."""
        if len(self._spans) > _MOST_WAITING_SPANS:
            return False
        self._spans += spans
        self._keys += keys
        self._waiting.set()
        return True

    async def write_for_ever(self) -> None:
        """Write batches as they come, and prune now and then."""
        pruned = time.monotonic()
        while True:
            await self._waiting.wait()
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()
            if time.monotonic() - pruned > _PRUNE_SECONDS:
                pruned = time.monotonic()
                await self._prune()

    async def _prune(self) -> None:
        try:
            await asyncio.to_thread(self._store.prune, now=time.time())
        except sqlite3.OperationalError as error:
            _tell(f"old spans stay for now: {error}")

    async def flush(self) -> None:
        """Write what waits. A disk that is full loses the batch and says so; the next one is tried again."""
        spans, keys = self._spans, self._keys
        self._spans, self._keys = [], []
        self._waiting.clear()
        try:
            await asyncio.to_thread(self._store.add, spans, keys)
        except sqlite3.OperationalError as error:
            _tell(f"{len(spans)} spans are lost: {error}")


def collector(store: SpanStore, keys: frozenset[str]) -> Starlette:
    """Give the application: POST /v1/traces, /v1/logs, /v1/metrics, and GET /health."""
    inbox = Inbox(store)

    async def traces(request: Request) -> Response:
        try:
            body = await _body(request)
            spans, mentioned = rows_of(protobuf_of(body) if _is_json(request) else body, keys)
        except _Refused as refused:
            return PlainTextResponse(refused.reason, refused.status)
        except DecodeError as error:
            return PlainTextResponse(f"this is no ExportTraceServiceRequest: {error}", 400)
        if not inbox.put(spans, mentioned):
            return PlainTextResponse("the disk does not keep up", 503, headers={"Retry-After": "1"})
        return _accepted(request)

    async def others(request: Request) -> Response:
        try:
            await _body(request)
        except _Refused as refused:
            return PlainTextResponse(refused.reason, refused.status)
        return _accepted(request)

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(inbox.write_for_ever())
        yield
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await inbox.flush()
        store.close()

    return Starlette(
        routes=[
            Route("/v1/traces", traces, methods=["POST"]),
            Route("/v1/logs", others, methods=["POST"]),
            Route("/v1/metrics", others, methods=["POST"]),
            Route("/health", health),
        ],
        lifespan=life,
    )


def main() -> None:
    """Serve on the listening socket in SHOP_LISTEN_FD, else at LISTEN_ADDRESS and PORT, and keep spans in SHOP_TELEMETRY_DB.

    SHOP_TELEMETRY_KEYS, with commas, are the ends of attribute names by which traces are found.
    """
    keys = frozenset(os.environ.get("SHOP_TELEMETRY_KEYS", "").split(",")) - {""}
    store = SpanStore(Path(os.environ["SHOP_TELEMETRY_DB"]), on_trouble=_tell)
    store.prune(now=time.time())
    app = collector(store, keys)
    config = uvicorn.Config(
        app,
        host=os.environ.get("LISTEN_ADDRESS", "127.0.0.1"),
        port=int(os.environ.get("PORT", "0")),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
    )
    handed_over = os.environ.get("SHOP_LISTEN_FD")
    sockets = [socket.socket(fileno=int(handed_over))] if handed_over else None
    uvicorn.Server(config).run(sockets=sockets)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - standard error is the log


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip()


def _is_json(request: Request) -> bool:
    return _media_type(request) == _JSON


def _accepted(request: Request) -> Response:
    """Answer in the encoding that was sent, as the protocol demands."""
    return Response(b"{}", media_type=_JSON) if _is_json(request) else Response(_ACCEPTED, media_type=_PROTOBUF)


async def _body(request: Request) -> bytes:
    """Return the request's bytes, unpacked. Bounded before and after unpacking."""
    if _media_type(request) not in (_PROTOBUF, _JSON):
        raise _Refused(415, f"send {_PROTOBUF} or {_JSON}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY_BYTES:
            raise _Refused(413, f"at most {_LARGEST_BODY_BYTES} bytes at once")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding == "identity":
        return bytes(body)
    if encoding != "gzip":
        raise _Refused(415, "the only content encoding is gzip")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(bytes(body), _LARGEST_BODY_BYTES)
    except zlib.error as error:
        raise _Refused(400, f"this is no gzip: {error}") from error
    if unpacker.unconsumed_tail:
        raise _Refused(413, f"at most {_LARGEST_BODY_BYTES} bytes at once, unpacked")
    return unpacked
