"""Whatever is sent, the answer is 400 or 422, never a fault of the registry's own."""

from __future__ import annotations

import pytest
from fakes.registry_client import ORDER, error_of, protobuf, register
from starlette.testclient import TestClient

DEEP = 100_000
PATHS = ("/subjects/a/versions", "/subjects/a", "/compatibility/subjects/a/versions")


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
