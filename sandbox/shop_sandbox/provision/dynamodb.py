"""DynamoDB tables from the manifests, with their indexes, streams and expiry."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from shop_sandbox.manifest.form import Index, Key, Table
from shop_sandbox.provision.aws_api import Aws, AwsRefused
from shop_sandbox.provision.task import EVERYTHING, Outcome, Refused

_POLL_SECONDS = 0.1
_ACTIVE_SECONDS = 300.0
"""AWS makes a table in seconds, and an index of a full one in minutes."""


async def settle_table(aws: Aws, table: Table) -> tuple[Outcome, str]:
    """Make the table be there as described. Raises AwsRefused, AwsUnreachable; Refused where its keys differ."""
    found = await _described(aws, table.name)
    if found is None:
        await aws.json("dynamodb", "CreateTable", _creation(table))
        await _until_active(aws, table.name)
        if table.ttl:
            await _expire(aws, table.name, table.ttl)
        return Outcome.MADE, ""
    _refuse_other_keys(table, found)
    changes = [*await _add_indexes(aws, table, found), *await _settle_stream(aws, table, found), *await _settle_ttl(aws, table)]
    return Outcome.CHANGED if changes else Outcome.UNCHANGED, ", ".join(changes)


async def _described(aws: Aws, name: str) -> dict[str, Any] | None:
    try:
        answer = await aws.json("dynamodb", "DescribeTable", {"TableName": name})
    except AwsRefused as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
    found: dict[str, Any] = answer["Table"]
    return found


async def _until_active(aws: Aws, name: str) -> None:
    deadline = asyncio.get_running_loop().time() + _ACTIVE_SECONDS
    while not _is_active(await _described(aws, name)):
        if asyncio.get_running_loop().time() > deadline:
            why = f"it is not active after {_ACTIVE_SECONDS:.0f} s"
            raise Refused("table", name, why, "look at it in the AWS console, then start again: nothing is lost")
        await asyncio.sleep(_POLL_SECONDS)


def _is_active(found: Mapping[str, Any] | None) -> bool:
    if found is None or found.get("TableStatus") != "ACTIVE":
        return False
    return all(index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in found.get("GlobalSecondaryIndexes") or ())


# --- what is wanted, in DynamoDB's words -----------------------------------------------------------------------------------


def _creation(table: Table) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": _attributes([table.key, *(index.key for index in table.indexes)]),
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [_index(index) for index in table.indexes]
    if table.stream:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream}
    return request


def _key_schema(key: Key) -> list[dict[str, str]]:
    schema = [{"AttributeName": key.partition.name, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": key.sort.name, "KeyType": "RANGE"}] if key.sort else schema


def _attributes(keys: Iterable[Key]) -> list[dict[str, str]]:
    types = {part.name: part.type for key in keys for part in (key.partition, key.sort) if part}
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def _index(index: Index) -> dict[str, Any]:
    return {"IndexName": index.name, "KeySchema": _key_schema(index.key), "Projection": _projection(index)}


def _projection(index: Index) -> dict[str, Any]:
    if isinstance(index.projection, str):
        return {"ProjectionType": index.projection}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)}


# --- what is there ---------------------------------------------------------------------------------------------------------


def _refuse_other_keys(table: Table, found: Mapping[str, Any]) -> None:
    """A key can never be changed: neither a table's nor an index's, nor what an index carries."""
    types = {one["AttributeName"]: one["AttributeType"] for one in found.get("AttributeDefinitions") or ()}
    _compare(table, "", table.key, found["KeySchema"], types)
    there = _indexes_by_name(found)
    for index in table.indexes:
        if index.name not in there:
            continue
        _compare(table, f" of index {index.name!r}", index.key, there[index.name]["KeySchema"], types)
        if _normal(there[index.name]["Projection"]) != _normal(_projection(index)):
            carried, said = _carried(there[index.name]["Projection"]), _carried(_projection(index))
            why = f"index {index.name!r} carries {carried}, and the manifest says {said}"
            raise Refused("table", table.name, why, "give the index another name: a new one is made beside it")


def _compare(table: Table, of: str, key: Key, schema: list[dict[str, str]], types: Mapping[str, str]) -> None:
    parts = sorted(schema, key=lambda part: part["KeyType"])
    there = ", ".join(f"{part['AttributeName']} ({types.get(part['AttributeName'], '?')})" for part in parts)
    wanted = ", ".join(f"{part.name} ({part.type})" for part in (key.partition, key.sort) if part)
    if there != wanted:
        why = f"its key{of} is {there}, and the manifest says {wanted}: DynamoDB cannot change a key"
        action = "give it another name and move the data"
        raise Refused("table", table.name, why, action, or_afresh=EVERYTHING)


def _indexes_by_name(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes") or ()}


def _normal(projection: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    return projection["ProjectionType"], frozenset(projection.get("NonKeyAttributes") or ())


def _carried(projection: Mapping[str, Any]) -> str:
    kind, names = _normal(projection)
    return ", ".join(sorted(names)) or kind


# --- what can be mended ----------------------------------------------------------------------------------------------------


async def _add_indexes(aws: Aws, table: Table, found: Mapping[str, Any]) -> list[str]:
    """Add indexes one after the other, since DynamoDB makes one at a time."""
    missing = [index for index in table.indexes if index.name not in _indexes_by_name(found)]
    for index in missing:
        request = {
            "TableName": table.name,
            "AttributeDefinitions": _attributes([table.key, index.key]),
            "GlobalSecondaryIndexUpdates": [{"Create": _index(index)}],
        }
        await aws.json("dynamodb", "UpdateTable", request)
        await _until_active(aws, table.name)
    return [f"index {index.name}" for index in missing]


async def _settle_stream(aws: Aws, table: Table, found: Mapping[str, Any]) -> list[str]:
    stream = found.get("StreamSpecification") or {}
    view = stream.get("StreamViewType") if stream.get("StreamEnabled") else None
    if view == table.stream or table.stream is None:
        return []
    if view is not None:
        why = f"its stream carries {view}, and the manifest says {table.stream}: a stream in use cannot change"
        raise Refused("table", table.name, why, f"set `stream: {view}`", or_afresh=EVERYTHING)
    specification = {"StreamEnabled": True, "StreamViewType": table.stream}
    await aws.json("dynamodb", "UpdateTable", {"TableName": table.name, "StreamSpecification": specification})
    await _until_active(aws, table.name)
    return [f"stream {table.stream}"]


async def _settle_ttl(aws: Aws, table: Table) -> list[str]:
    if table.ttl is None:
        return []
    answer = await aws.json("dynamodb", "DescribeTimeToLive", {"TableName": table.name})
    found = answer.get("TimeToLiveDescription") or {}
    attribute = found.get("AttributeName") if found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else None
    if attribute == table.ttl:
        return []
    if attribute is not None:
        why = f"its items expire by {attribute!r}, and the manifest says {table.ttl!r}: AWS allows one change an hour"
        raise Refused("table", table.name, why, f"set `ttl: {attribute}`, or switch the expiry off by hand first")
    await _expire(aws, table.name, table.ttl)
    return [f"expiry by {table.ttl}"]


async def _expire(aws: Aws, name: str, attribute: str) -> None:
    specification = {"Enabled": True, "AttributeName": attribute}
    await aws.json("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})
