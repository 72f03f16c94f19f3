"""Bodies and answers of the registry, as tests write and read them."""

from __future__ import annotations

import json
from typing import Any

from starlette.testclient import TestClient

ORDER = 'syntax = "proto3"; package shop; message Order { string id = 1; }'
LONGER = 'syntax = "proto3"; package shop; message Order { string id = 1; int32 lines = 2; }'
BROKEN = 'syntax = "proto3"; package shop; message Order { int32 id = 1; }'


def protobuf(schema: str, **more: object) -> dict[str, Any]:
    """A body with a Protobuf schema."""
    return {"schema": schema, "schemaType": "PROTOBUF", **more}


def avro(*fields: dict[str, Any], **more: object) -> dict[str, Any]:
    """A body with an Avro record `shop.Order` of these fields."""
    schema = {"type": "record", "name": "Order", "namespace": "shop", "fields": list(fields)}
    return {"schema": json.dumps(schema), **more}


def register(registry: TestClient, subject: str, schema: str, **more: object) -> Any:
    """Register a Protobuf schema; returns the answer, which has to be a good one."""
    return registered(registry, subject, protobuf(schema, **more))


def registered(registry: TestClient, subject: str, body: dict[str, Any]) -> Any:
    """Register a body; returns the answer, which has to be a good one."""
    answer = registry.post(f"/subjects/{subject}/versions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def error_of(answer: Any) -> tuple[int, int]:
    """Status and error code."""
    return answer.status_code, answer.json()["error_code"]
