"""Is the Schema Registry doing its work: it has read its topic to the end, and it compiles and looks up a schema."""

from __future__ import annotations

import json
import ssl

from shop_sandbox.health.http import ask, expect_ok
from shop_sandbox.health.not_ready import NotReady

PROBE_SUBJECT = "shop-dev-probe"
"""Never registered: each registration would use up an id for ever, and the subject would show up in every tool."""

_SCHEMA = 'syntax = "proto3"; package shop.probe; message Probe { string token = 1; }'
_SUBJECT_NOT_FOUND = 40401


def probe(port: int) -> None:
    """Look a Protobuf schema up and get the answer for one that nobody registered. Raises NotReady."""
    expect_ok(port, "/ready")
    look_up(port)


def look_up(port: int, *, host: str = "127.0.0.1", secured: bool = False) -> None:
    """The same at any registry that speaks Confluent's API. Raises NotReady."""
    tls = ssl.create_default_context() if secured else None
    body = json.dumps({"schemaType": "PROTOBUF", "schema": _SCHEMA}).encode()
    status, text = ask(
        port, f"/subjects/{PROBE_SUBJECT}", method="POST", body=body, content_type="application/json", tls=tls, host=host
    )
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if status != 404 or not isinstance(answer, dict) or answer.get("error_code") != _SUBJECT_NOT_FOUND:
        raise NotReady(f"looking up a schema answers {status}: {text[:200]}")
