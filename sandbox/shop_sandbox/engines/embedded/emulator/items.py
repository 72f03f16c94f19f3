"""Requests for items of DynamoDB, nearly all that the emulator ever gets, go straight to MiniStack's DynamoDB.

Finding out which of its hundred services is meant (by path, host, query, body) costs it more than reading an item. What is said in
any other way than SDKs say it, goes the long way.

It holds on to MiniStack at four places, all of the version that the lock pins, and a test compares the answers of both ways.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

from ministack import app
from ministack.core.responses import set_request_account_id, set_request_region

from shop_sandbox.engines.embedded.emulator.serving import Application, Message, Receive, Send, operation_on_items

_CREDENTIAL: Final = re.compile(rb"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/dynamodb/aws4_request")
_LONG_WAY: Final = frozenset({b"content-encoding", b"transfer-encoding", b"origin", b"expect"})
_CONTENT_TYPE: Final = b"application/x-amz-json-1.0"


class Items:
    """An ASGI application in front of MiniStack's that answers requests for items itself."""

    def __init__(self, inside: Application) -> None:
        self._inside = inside

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"]) if scope["type"] == "http" else {}
        signed = _CREDENTIAL.match(headers.get(b"authorization", b""))
        is_plain = signed and headers.get(b"content-type") == _CONTENT_TYPE and _LONG_WAY.isdisjoint(headers)
        if not is_plain or not signed or operation_on_items(scope) is None:
            await self._inside(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        async with app._get_reset_lock():
            pass  # nobody sees half of a reset
        key_id, region = signed.groups()
        set_request_account_id(key_id.decode("latin-1"))
        set_request_region(region.decode("latin-1"))
        said = {"x-amz-target": headers[b"x-amz-target"].decode("latin-1")}
        status, answered, content = await app._get_module("dynamodb").handle_request("POST", "/", said, body, {})
        content = content if isinstance(content, bytes) else content.encode()
        fields = [
            (b"content-type", _CONTENT_TYPE),
            (b"content-length", str(len(content)).encode()),
            (b"date", app.formatdate(usegmt=True).encode()),
            (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
            *((name.encode(), str(value).encode()) for name, value in answered.items() if name.lower() != "content-type"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": content})


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body, None when the caller has gone."""
    message = await receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        return bytes(message.get("body", b""))
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    return None
