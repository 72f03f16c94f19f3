"""DynamoDB: items as plain dictionaries, and transactions whose failures say which of their parts failed and why."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shop_kit.aws.client import AwsClient, AwsError
from shop_kit.context import new_id
from shop_kit.errors import Conflict, KitError, Overloaded, Unavailable
from shop_kit.resilience.retry import Retry

Item = dict[str, Any]
Key = Mapping[str, Any]
Native = dict[str, Any]

_MOST_READ = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
_MOST_WRITTEN = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
_CONFLICT = "TransactionConflict"
_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(KitError):
    """The condition of a write did not hold; `item` is what stands there instead (None: nothing)."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.item = item


class TransactionCancelled(KitError):
    """Nothing was written. `failed` has, by position in the transaction, the item that broke a condition (None: there is none)."""

    def __init__(self, failed: Mapping[int, Item | None]) -> None:
        super().__init__(f"conditions of parts {sorted(failed)} did not hold")
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item, if `condition` holds for what stands there."""

    table: str
    item: Mapping[str, Any]
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """Change an item by an update expression, if `condition` holds."""

    table: str
    key: Key
    expression: str
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item, if `condition` holds."""

    table: str
    key: Key
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


Write = Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and where the next page begins (None: this was the last)."""

    items: list[Item]
    next_key: Item | None


class Dynamo:
    """DynamoDB over one AwsClient. All methods raise Unavailable when DynamoDB is away, Overloaded when it throttles."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    async def get(self, table: str, key: Key, *, consistent: bool = True) -> Item | None:
        """Return the item, or None."""
        answer = await self._call("GetItem", {"TableName": table, "Key": to_native(key), "ConsistentRead": consistent})
        return from_native(answer["Item"]) if "Item" in answer else None

    async def get_many(self, table: str, keys: Sequence[Key]) -> list[Item]:
        """Return those items that exist, in no order, read consistently; no key may stand there twice.

        Raises Overloaded when some are left over time and again.
        """
        found: list[Item] = []

        async def read(wanted: list[Native]) -> list[Native]:
            answer = await self._call("BatchGetItem", {"RequestItems": {table: {"Keys": wanted, "ConsistentRead": True}}})
            found.extend(from_native(item) for item in answer["Responses"].get(table, ()))
            return list(answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ()))

        for some in _parted([to_native(key) for key in keys], _MOST_READ):
            await _until_processed(read, some)
        return found

    async def write(self, write: Write) -> None:
        """Do one write. Raises ConditionFailed."""
        operation, request = _request(write)
        try:
            await self._call(f"{operation}Item", request)
        except AwsError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            item = error.document.get("Item")
            raise ConditionFailed(from_native(item) if item else None) from error

    async def transact(self, writes: Sequence[Write]) -> None:
        """Do all of up to 100 writes or none. Raises TransactionCancelled when conditions failed, else Conflict when contended."""
        parts = [dict([_request(write)]) for write in writes]
        try:
            # The token makes a repetition by the client below the same transaction: when the first one had its effect and only its
            # answer was lost, the second one says so instead of being cancelled by what it wrote itself.
            await self._call("TransactWriteItems", {"TransactItems": parts, "ClientRequestToken": new_id()})
        except AwsError as error:
            if error.code != "TransactionCanceledException":
                raise
            raise _cancelled(error) from error

    async def delete_many(self, table: str, keys: Sequence[Key]) -> None:
        """Remove items, unconditionally; no key may stand there twice. Raises Overloaded when some are left over time and again."""

        async def remove(wanted: list[Native]) -> list[Native]:
            answer = await self._call("BatchWriteItem", {"RequestItems": {table: wanted}})
            return list(answer.get("UnprocessedItems", {}).get(table, ()))

        for some in _parted([{"DeleteRequest": {"Key": to_native(key)}} for key in keys], _MOST_WRITTEN):
            await _until_processed(remove, some)

    async def query(
        self,
        table: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        index: str | None = None,
        names: Mapping[str, str] | None = None,
        limit: int | None = None,
        start: Item | None = None,
        descending: bool = False,
    ) -> Page:
        """Return a page of the items that a key condition selects, in the order of their sort key."""
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _values(values),
            "ScanIndexForward": not descending,
        }
        if index:
            request["IndexName"] = index
        else:
            request["ConsistentRead"] = True
        return await self._page("Query", request, names, limit, start)

    async def query_all(
        self, table: str, condition: str, values: Mapping[str, Any], *, index: str | None = None, page_size: int | None = None
    ) -> AsyncIterator[Item]:
        """Yield the items that a key condition selects, in the order of their sort key; the next page is read when it is wanted."""
        start: Item | None = None
        while True:
            page = await self.query(table, condition, values, index=index, limit=page_size, start=start)
            for item in page.items:
                yield item
            start = page.next_key
            if start is None:
                return

    async def scan(self, table: str, *, limit: int | None = None, start: Item | None = None) -> Page:
        """Return a page of all items, read consistently; for tables that are small by design."""
        return await self._page("Scan", {"TableName": table, "ConsistentRead": True}, None, limit, start)

    async def check(self, table: str) -> None:
        """Return when the table answers. Raises Unavailable."""
        try:
            await self._call("DescribeTable", {"TableName": table})
        except AwsError as error:
            raise Unavailable("aws dynamodb", str(error)) from error

    async def _page(
        self, operation: str, request: dict[str, Any], names: Mapping[str, str] | None, limit: int | None, start: Item | None
    ) -> Page:
        if names:
            request["ExpressionAttributeNames"] = names
        if limit:
            request["Limit"] = limit
        if start:
            request["ExclusiveStartKey"] = to_native(start)
        answer = await self._call(operation, request)
        last = answer.get("LastEvaluatedKey")
        return Page([from_native(item) for item in answer["Items"]], from_native(last) if last else None)

    async def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await self._client.call("dynamodb", "DynamoDB_20120810", operation, request)


def _parted(wanted: list[Native], most: int) -> Iterator[list[Native]]:
    for start in range(0, len(wanted), most):
        yield wanted[start : start + most]


async def _until_processed(batch: Callable[[list[Native]], Awaitable[list[Native]]], wanted: list[Native]) -> None:
    """Send a batch, and what it leaves over again and again, ever more slowly: it leaves over what is throttled.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """
    waits = Retry(attempts=8, first_seconds=0.05, cap_seconds=2.0).delays()
    while wanted := await batch(wanted):
        wait = next(waits, None)
        if wait is None:
            raise Overloaded("aws dynamodb", f"{len(wanted)} items of a batch were left over time and again")
        await asyncio.sleep(wait)


def _request(write: Write) -> tuple[str, dict[str, Any]]:
    request: dict[str, Any] = {"TableName": write.table}
    match write:
        case Put():
            operation = "Put"
            request["Item"] = to_native(write.item)
        case Update():
            operation = "Update"
            request["Key"] = to_native(write.key)
            request["UpdateExpression"] = write.expression
        case Delete():
            operation = "Delete"
            request["Key"] = to_native(write.key)
    if write.condition:
        request["ConditionExpression"] = write.condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if write.names:
        request["ExpressionAttributeNames"] = write.names
    if write.values:
        request["ExpressionAttributeValues"] = _values(write.values)
    return operation, request


def _cancelled(error: AwsError) -> KitError:
    reasons = error.document.get("CancellationReasons") or []
    codes = [reason.get("Code", "None") for reason in reasons]
    if "ConditionalCheckFailed" not in codes:
        if _CONFLICT in codes:
            return Conflict("aws dynamodb", "another transaction is at work on the same items")
        if not _THROTTLED.isdisjoint(codes):
            return Overloaded("aws dynamodb", "a part of a transaction was throttled")
    if not {*codes} <= {"None", "ConditionalCheckFailed", _CONFLICT, *_THROTTLED} or not codes:
        return error
    failed = {
        position: from_native(reason["Item"]) if reason.get("Item") else None
        for position, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
    return TransactionCancelled(failed)


def to_native(item: Mapping[str, Any]) -> Native:
    """Return a plain dictionary in DynamoDB's typed JSON; None values are left out."""
    return {name: _to_attribute(value) for name, value in item.items() if value is not None}


def from_native(item: Mapping[str, Any]) -> Item:
    """DynamoDB's typed JSON as a plain dictionary: whole numbers as int, others as Decimal."""
    return {name: _from_attribute(value) for name, value in item.items()}


def _values(values: Mapping[str, Any]) -> Native:
    return {name: _to_attribute(value) for name, value in values.items()}


def _to_attribute(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one return for each of DynamoDB's types
    match value:
        case str():
            return {"S": str(value)}  # a plain one: the encoder takes no subclass
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case float():
            return {"N": repr(value)}
        case bytes():
            return {"B": b64encode(value).decode()}
        case list() | tuple():
            return {"L": [_to_attribute(one) for one in value]}
        case dict():
            return {"M": to_native(value)}
        case frozenset() | set() if value and all(isinstance(one, str) for one in value):
            return {"SS": sorted(value)}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"DynamoDB has no place for a {type(value).__name__}")


def _from_attribute(attribute: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one return for each of DynamoDB's types
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "B":
            return b64decode(value)
        case "L":
            return [_from_attribute(one) for one in value]
        case "M":
            return from_native(value)
        case "SS":
            return frozenset(value)
        case "NULL":
            return None
        case _:
            raise TypeError(f"an attribute of DynamoDB's type {kind}")
