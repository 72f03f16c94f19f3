"""Is the AWS emulator doing its work: a row goes into a table of ours and comes out. Plain HTTP: boto3 would weigh more than the
supervisor."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from shop_sandbox.health.not_ready import NotReady
from shop_sandbox.manifest.names import REGION

PROBE_TABLE = "shop-dev-probe"
"""Kept for probes and for the stamp of the state; nobody else writes there."""

_SECONDS = 1.5
_STAMP = "stamp"
_PROBE = "probe"
_AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential=%s/20260101/{REGION}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)
"""The emulator knows callers by the key id in it, takes the region from it, and checks no signature."""


class _Refused(Exception):
    """DynamoDB answered with an error. `kind` is its name without the namespace."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


@dataclass(frozen=True)
class Door:
    """Where an emulator is, and the key id it knows callers by."""

    port: int
    key_id: str
    host: str = "127.0.0.1"
    is_secured: bool = False

    def open(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.is_secured else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=_SECONDS)


def probe(port: int, key_id: str) -> None:
    """Write a row into the emulator of this machine at that port, and read it back. Raises NotReady."""
    probe_at(Door(port, key_id))


def probe_at(door: Door) -> None:
    """Write a row and read it back. Raises NotReady."""
    token, port = uuid.uuid4().hex, door.port
    try:
        _put(door, _PROBE, token)
        found = _get(door, _PROBE)
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"the emulator does not answer on port {port}: {error}") from error
    except _Refused as error:
        raise NotReady(f"the emulator refuses a row: {error}") from error
    if found != token:
        raise NotReady("the emulator gives back another row than was written")


def read_stamp(port: int, key_id: str) -> str | None:
    """Give what `write_stamp` left in the emulator, None where it is not there. Raises OSError where nothing answers."""
    try:
        return _get(Door(port, key_id), _STAMP)
    except _Refused as error:
        if error.kind == "ResourceNotFoundException":
            return None
        raise OSError(f"the emulator refuses a read: {error}") from error


def write_stamp(port: int, key_id: str, stamp: str) -> None:
    """Leave `stamp` among the emulator's rows. It is saved and lost with them. Raises OSError."""
    try:
        _put(Door(port, key_id), _STAMP, stamp)
    except _Refused as error:
        raise OSError(f"the emulator refuses a row: {error}") from error


def _put(door: Door, key: str, value: str) -> None:
    row = {"TableName": PROBE_TABLE, "Item": {"pk": {"S": key}, "text": {"S": value}}}
    try:
        _call(door, "PutItem", row)
    except _Refused as error:
        if error.kind != "ResourceNotFoundException":
            raise
        _create_table(door)
        _call(door, "PutItem", row)


def _get(door: Door, key: str) -> str | None:
    answer = _call(door, "GetItem", {"TableName": PROBE_TABLE, "Key": {"pk": {"S": key}}, "ConsistentRead": True})
    item = answer.get("Item")
    return str(item["text"]["S"]) if isinstance(item, dict) else None


def _create_table(door: Door) -> None:
    table = {
        "TableName": PROBE_TABLE,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    try:
        _call(door, "CreateTable", table)
    except _Refused as error:
        if error.kind != "ResourceInUseException":
            raise


def _call(door: Door, operation: str, body: Mapping[str, object]) -> dict[str, object]:
    connection = door.open()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Authorization": _AUTHORIZATION % door.key_id,
    }
    try:
        connection.request("POST", "/", json.dumps(body), headers)
        response = connection.getresponse()
        try:
            answer = json.loads(response.read() or b"{}")
        except ValueError as error:
            raise OSError(f"HTTP {response.status} without JSON") from error
    finally:
        connection.close()
    if response.status != 200:
        raise _Refused(str(answer.get("__type", response.status)).rpartition("#")[2], str(answer.get("message", "")))
    return dict(answer)
