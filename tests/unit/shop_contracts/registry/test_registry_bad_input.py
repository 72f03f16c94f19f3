"""Whatever is sent, the answer is 400 or 422, never a fault of the registry's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes.registry_client import ORDER, error_of, protobuf, register
from starlette.testclient import TestClient

DEEP = 100_000
PATHS = ("/subjects/a/versions", "/subjects/a", "/compatibility/subjects/a/versions")


def field(kind: Any) -> dict[str, Any]:
    return {"type": "record", "name": "A", "fields": [{"name": "x", "type": kind}]}


def deep_default() -> str:
    schema = json.dumps({"type": "record", "name": "A", "fields": [{"name": "next", "type": ["null", "A"], "default": "@"}]})
    return schema.replace('"@"', '{"next": ' * 5_000 + "null" + "}" * 5_000)


BAD_AVRO: dict[str, Any] = {
    "deep arrays": '{"type": "array", "items": ' * DEEP + '"int"' + "}" * DEEP,
    "deep unions": "[" * DEEP + "]" * DEEP,
    "a deep default": deep_default(),
    "a record without a name": {"type": "record", "fields": []},
    "a field type without a name": field({"type": "record", "fields": []}),
    "a branch without a name": field(["null", {"type": "enum", "symbols": ["A"]}]),
    "no type at all": field(None),
    "a number as a type": field(5),
    "an object in place of a kind": field({"type": {"type": {}}}),
    "a name that is no text": {"type": "record", "name": 5, "fields": []},
    "a namespace that is no text": {"type": "record", "name": "A", "namespace": 5, "fields": []},
    "symbols that are no list": {"type": "enum", "name": "A", "symbols": 5},
    "symbols that are no texts": {"type": "enum", "name": "A", "symbols": [{}]},
    "a default that is no symbol": {"type": "enum", "name": "A", "symbols": ["A"], "default": {}},
    "a size that is no number": {"type": "fixed", "name": "A", "size": "many"},
    "a field without a type": {"type": "record", "name": "A", "fields": [{"name": "x"}]},
    "fields that are no objects": {"type": "record", "name": "A", "fields": [5, None]},
    "a field named by a number": {"type": "record", "name": "A", "fields": [{"name": 5, "type": "int"}]},
    "a union as the type of an object": field({"type": ["null", "string"]}),
    "such a union as a branch": field([{"type": ["null", "string"]}]),
    "aliases that are no list": field({"type": "fixed", "name": "F", "size": 4, "aliases": 5}),
    "aliases of a field that are no names": {
        "type": "record",
        "name": "A",
        "fields": [{"name": "x", "type": "int", "aliases": [{}]}],
    },
    "null": None,
    "a number": 5,
    "an empty object": {},
}


@pytest.mark.parametrize("schema", BAD_AVRO.values(), ids=BAD_AVRO)
def test_avro_that_is_none_is_a_bad_schema(registry: TestClient, schema: Any) -> None:
    body = {"schema": schema if isinstance(schema, str) else json.dumps(schema)}

    for path in PATHS:
        assert error_of(registry.post(path, json=body)) == (422, 42201)


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "bytes", "logicalType": 5},
        {"type": "bytes", "logicalType": "decimal", "precision": "many", "scale": {}},
        {"type": "bytes", "logicalType": "decimal", "precision": -1},
    ],
)
def test_strange_avro_is_judged_and_no_fault(registry: TestClient, kind: Any) -> None:
    for body in ({"schema": json.dumps(field(kind))}, {"schema": json.dumps(field(["null", kind]))}):
        for path in PATHS:
            assert registry.post(path, json=body).status_code in {200, 404, 409, 422}


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "array", "items": ' * DEEP + '{"type": "string"}' + "}" * DEEP,
        "[" * DEEP + "]" * DEEP,
        "5",
        "null",
        '"text"',
    ],
    ids=["deep schemas", "deep lists", "a number", "null", "a text"],
)
def test_json_that_is_no_schema_is_a_bad_schema(registry: TestClient, schema: str) -> None:
    for path in PATHS:
        assert error_of(registry.post(path, json={"schema": schema, "schemaType": "JSON"})) == (422, 42201)


@pytest.mark.parametrize(
    "body",
    [
        b'{"schema": "\xff"}',
        b'{"schema": "x", "metadata": {"properties": {"\xc3": "x"}}}',
        b'{"schema": "x", "more": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"schema": "x", "id": 99999999999999999999}',
        b'{"schema": "x", "version": 1e400}',
        b"\x00",
        b"",
    ],
    ids=["a text in no UTF-8", "a name in no UTF-8", "deep", "a large id", "a large version", "a zero byte", "nothing"],
)
def test_bodies_that_nobody_can_read_are_malformed(registry: TestClient, body: bytes) -> None:
    for path in PATHS:
        assert error_of(registry.post(path, content=body)) == (400, 400)


@pytest.mark.parametrize("body", [b"5", b"{}", b'{"mode": 5}', b'{"mode": "\xff"}', b"[" * DEEP])
def test_modes_that_nobody_can_read_are_malformed(registry: TestClient, body: bytes) -> None:
    assert error_of(registry.put("/mode", content=body)) == (400, 400)


@pytest.mark.parametrize(
    "path",
    [
        "/subjects/%ff%fe/versions/1",
        "/subjects/a/versions/%ff",
        "/subjects/a/versions/99999999999999999999",
        "/schemas/ids/99999999999999999999",
        "/schemas/ids/%D9%A1",
        "/schemas/ids/1?subject=%ff",
        "/schemas/guids/%ff",
        "/subjects?subjectPrefix=%ff&limit=99999999999999999999",
        "/subjects/a/metadata?key=%ff&value=%ff",
        "/config/%00",
        "/contexts/a:b/subjects",
    ],
)
def test_paths_and_queries_are_no_faults_either(registry: TestClient, path: str) -> None:
    assert registry.get(path).status_code in {200, 400, 404, 422}


@pytest.mark.parametrize("given", [{"id": 2**31, "version": 1}, {"id": 5, "version": 2**31}])
def test_numbers_beyond_confluents_are_malformed(registry: TestClient, given: dict[str, int]) -> None:
    registry.put("/mode/a", json={"mode": "IMPORT"})

    assert error_of(registry.post("/subjects/a/versions", json=protobuf(ORDER, **given))) == (400, 400)


def test_a_reference_that_points_at_itself_or_nowhere_is_a_bad_schema(registry: TestClient) -> None:
    register(registry, "a", ORDER)
    for version in (0, 7, -2, 2**40):
        references = [{"name": "a.proto", "subject": "a", "version": version}]
        answer = registry.post("/subjects/b/versions", json=protobuf('syntax = "proto3"; import "a.proto";', references=references))
        assert answer.status_code in {400, 422}
