"""Requests for items that go straight to MiniStack's DynamoDB are answered as they are the long way round."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ministack import app
from shop_sandbox.engines.embedded.emulator.items import Items

KEY = {"pk": {"S": "mug"}}
CREDENTIAL = (
    b"AWS4-HMAC-SHA256 Credential=AKIDSANDBOX/20261122/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
)


class Way:
    """One way to DynamoDB, to a table of its own."""

    def __init__(self, answers: Any, table: str) -> None:
        self._answers = answers
        self.table = table
        self.chunks = 1

    def ask(self, operation: str, request: dict[str, Any], **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Status, document and headers of the answer."""
        body = json.dumps(request).replace("THE TABLE", self.table).encode()
        given = {
            "host": "127.0.0.1:4566",
            "content-type": "application/x-amz-json-1.0",
            "content-length": str(len(body)),
            "x-amz-target": f"DynamoDB_20120810.{operation}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"authorization", CREDENTIAL), *((name.encode(), value.encode()) for name, value in given.items())],
            "client": ("127.0.0.1", 1),
        }
        size = -(-len(body) // self.chunks)
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return (
                {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)} if parts else {"type": "http.disconnect"}
            )

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self._answers(scope, receive, send))
        start, content = sent
        found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        assert int(found["content-length"]) == len(content["body"])
        return start["status"], json.loads(content["body"].decode().replace(self.table, "THE TABLE")), found


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> tuple[Way, Way]:
    monkeypatch.setattr(app, "_reset_lock", None)  # it belongs to the loop that first used it
    both = Way(app.app, "the-long-way"), Way(Items(app.app), "straight-there")
    definition = {
        "TableName": "THE TABLE",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    for way in both:
        way.ask("DeleteTable", {"TableName": "THE TABLE"})
        assert way.ask("CreateTable", definition)[0] == 200
    return both


STORY: list[tuple[str, dict[str, Any]]] = [
    ("GetItem", {"TableName": "THE TABLE", "Key": KEY}),
    ("PutItem", {"TableName": "THE TABLE", "Item": {**KEY, "free": {"N": "3"}, "name": {"S": "Tässchen"}}}),
    ("PutItem", {"TableName": "THE TABLE", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}),
    ("UpdateItem", {"TableName": "THE TABLE", "Key": KEY, "UpdateExpression": "REMOVE free", "ReturnValues": "ALL_NEW"}),
    ("UpdateItem", {"TableName": "THE TABLE", "Key": KEY, "UpdateExpression": "SET ="}),
    ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "THE TABLE", "Item": {"pk": {"S": "cup"}}}}]}),
    (
        "TransactWriteItems",
        {"TransactItems": [{"Delete": {"TableName": "THE TABLE", "Key": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}]},
    ),
    ("BatchGetItem", {"RequestItems": {"THE TABLE": {"Keys": [KEY]}}}),
    ("Scan", {"TableName": "THE TABLE"}),
    (
        "Query",
        {"TableName": "nobody-made-it", "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": KEY["pk"]}},
    ),
    ("GetItem", {"TableName": "THE TABLE", "Key": {"sk": {"S": "wrong"}}}),
    ("BatchWriteItem", {"RequestItems": {"THE TABLE": [{"DeleteRequest": {"Key": KEY}}]}}),
    ("DeleteItem", {"TableName": "THE TABLE", "Key": {"pk": {"S": "cup"}}, "ReturnValues": "ALL_OLD"}),
]


def test_a_story_is_told_the_same_on_both_ways(ways: tuple[Way, Way]) -> None:
    long, straight = ways
    statuses = set()
    for operation, request in STORY:
        expected, found = long.ask(operation, request), straight.ask(operation, request)
        statuses.add(found[0])
        assert found[:2] == expected[:2], operation
        assert found[2]["content-type"] == expected[2]["content-type"]
        assert {"x-amz-crc32", "x-amzn-requestid", "date"} <= found[2].keys()
    assert statuses == {200, 400}


def test_a_body_in_pieces_is_read_whole(ways: tuple[Way, Way]) -> None:
    _, straight = ways
    straight.chunks = 4
    assert straight.ask("PutItem", {"TableName": "THE TABLE", "Item": {**KEY, "free": {"N": "3"}}})[0] == 200
    assert straight.ask("GetItem", {"TableName": "THE TABLE", "Key": KEY})[1]["Item"]["free"] == {"N": "3"}


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://localhost:3000"}, {"content_type": "application/x-amz-json-1.1"}, {"content_encoding": "identity"}],
)
def test_what_no_sdk_says_goes_the_long_way(ways: tuple[Way, Way], headers: dict[str, str]) -> None:
    _, straight = ways
    status, _, found = straight.ask("GetItem", {"TableName": "THE TABLE", "Key": KEY}, **headers)
    assert (status, found["access-control-allow-origin"]) == (200, "*")  # which only the long way says


def test_a_table_is_of_the_region_that_the_request_was_signed_for(ways: tuple[Way, Way], monkeypatch: pytest.MonkeyPatch) -> None:
    _, straight = ways
    monkeypatch.setattr(f"{__name__}.CREDENTIAL", CREDENTIAL.replace(b"eu-central-1", b"us-west-2"))
    assert straight.ask("GetItem", {"TableName": "THE TABLE", "Key": KEY})[1]["__type"].endswith("ResourceNotFoundException")
