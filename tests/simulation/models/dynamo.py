"""DynamoDB as its JSON protocol shows it: items under conditions, transactions with request tokens, queries, scans and batches.

Items are kept as plain values (numbers as int or Decimal, binary as bytes) and turned into typed JSON at the border.
"""

from __future__ import annotations

import base64
from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulation.models import dynamo_expressions as expressions

Item = dict[str, Any]
Key = tuple[Any, ...]
TOKEN_SECONDS = 600.0
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
"""


class Refused(Exception):
    """An error answer: its code, and the document that goes with it."""

    def __init__(self, code: str, message: str = "", status: int = 400, **document: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **document}


@dataclass
class Table:
    """A table: its key, its indexes by name, and its items in the order of their keys."""

    name: str
    key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    items: dict[Key, Item] = field(default_factory=dict)
    order: list[Key] = field(default_factory=list)

    def key_of(self, item: Mapping[str, Any]) -> Key:
        """Return the key of an item. Raises Refused when a part is missing."""
        try:
            return tuple(item[name] for name in self.key)
        except KeyError as missing:
            raise Refused("ValidationException", f"the key of {self.name} lacks {missing}") from None

    def put(self, key: Key, item: Item) -> None:
        """Write an item."""
        if key not in self.items:
            insort(self.order, key)
        self.items[key] = item

    def remove(self, key: Key) -> None:
        """Delete an item, if it is there."""
        if self.items.pop(key, None) is not None:
            self.order.remove(key)


Watcher = Callable[[str, Item | None, Item | None, str], object]
"""Hears of each write: table, item before, item after, who wrote."""


class DynamoModel:
    """All tables of one account."""

    def __init__(self, now: Callable[[], float], *, page_items: int = 25) -> None:
        self._now = now
        self._page_items = page_items
        self.tables: dict[str, Table] = {}
        self.watchers: list[Watcher] = []
        self.writer = ""
        self._tokens: dict[str, tuple[float, Any]] = {}

    def make(self, name: str, *key: str, **indexes: tuple[str, ...]) -> Table:
        """Make a table; indexes by name with underscores for hyphens."""
        table = self.tables[name] = Table(name, key, {index.replace("_", "-"): parts for index, parts in indexes.items()})
        return table

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one operation. Raises Refused."""
        handler = getattr(self, f"_{operation}", None)
        if handler is None:
            raise NotImplementedError(f"DynamoDB's {operation} is not modelled: add it to tests/simulation/models/dynamo.py")
        answer: dict[str, Any] = handler(request)
        return answer

    def _table(self, name: str) -> Table:
        found = self.tables.get(name)
        if found is None:
            raise Refused("ResourceNotFoundException", f"there is no table {name}")
        return found

    def _DescribeTable(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS' own names
        return {"Table": {"TableName": self._table(request["TableName"]).name, "TableStatus": "ACTIVE"}}

    def _GetItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        table = self._table(request["TableName"])
        found = table.items.get(table.key_of(_from_native(request["Key"])))
        return {"Item": _to_native(found)} if found is not None else {}

    def _BatchGetItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        answer: dict[str, list[Any]] = {}
        for name, wanted in request["RequestItems"].items():
            table = self._table(name)
            keys = [table.key_of(_from_native(key)) for key in wanted["Keys"]]
            if not 1 <= len(keys) <= 100:
                raise Refused("ValidationException", "1 to 100 keys in a batch")
            if len(set(keys)) != len(keys):
                raise Refused("ValidationException", "Provided list of item keys contains duplicates")
            answer[name] = [_to_native(table.items[key]) for key in keys if key in table.items]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def _PutItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._write("Put", request)

    def _UpdateItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._write("Update", request)

    def _DeleteItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._write("Delete", request)

    def _write(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        table, key, before, after = self._planned(kind, request)
        if not _holds(request, before):
            shown: dict[str, Any] = {}
            if before and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
                shown["Item"] = _to_native(before)
            raise Refused("ConditionalCheckFailedException", "The conditional request failed", **shown)
        self._apply(table, key, before, after)
        match request.get("ReturnValues", "NONE"):
            case "ALL_NEW":
                return {"Attributes": _to_native(after or {})}
            case "ALL_OLD":
                return {"Attributes": _to_native(before)} if before else {}
            case "NONE":
                return {}
            case other:
                raise NotImplementedError(f"ReturnValues {other}")

    def _planned(self, kind: str, request: dict[str, Any]) -> tuple[Table, Key, Item | None, Item | None]:
        table = self._table(request["TableName"])
        if kind == "Put":
            item = _from_native(request["Item"])
            key = table.key_of(item)
            return table, key, table.items.get(key), item
        given = _from_native(request["Key"])
        key = table.key_of(given)
        before = table.items.get(key)
        if kind in {"Delete", "ConditionCheck"}:
            return table, key, before, None if kind == "Delete" else before
        values = _from_native(request.get("ExpressionAttributeValues", {}))
        names = request.get("ExpressionAttributeNames", {})
        return (
            table,
            key,
            before,
            _Later(lambda: expressions.apply(expressions.update(request["UpdateExpression"]), before or given, names, values)),
        )

    def _apply(self, table: Table, key: Key, before: Item | None, after: Item | None) -> None:
        if isinstance(after, _Later):
            try:
                after = after.make()
            except expressions.InvalidUpdate as error:
                raise Refused("ValidationException", str(error)) from None
        if after is None:
            table.remove(key)
        elif after is not before:
            table.put(key, after)
        for watch in self.watchers:
            watch(table.name, before, after, self.writer)

    def _TransactWriteItems(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = request.get("ClientRequestToken")
        if token:
            known = self._tokens.get(token)
            if known and self._now() - known[0] < TOKEN_SECONDS:
                if known[1] != request["TransactItems"]:
                    raise Refused("IdempotentParameterMismatchException", "the token came with another request")
                return {}
        parts = [next(iter(part.items())) for part in request["TransactItems"]]
        if len(parts) > 100:
            raise Refused("ValidationException", "at most 100 items in a transaction")
        planned = [(part, *self._planned(kind, part)) for kind, part in parts]
        keys = [(table.name, key) for _part, table, key, _before, _after in planned]
        if len(set(keys)) != len(keys):
            raise Refused("ValidationException", "Transaction request cannot include multiple operations on one item")
        reasons: list[dict[str, Any]] = []
        made: list[tuple[Table, Key, Item | None, Item | None]] = []
        for part, table, key, before, after in planned:
            reason: dict[str, Any] = {"Code": "None"}
            if not _holds(part, before):
                shown = part.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before
                reason = {"Code": "ConditionalCheckFailed", **({"Item": _to_native(before)} if shown and before else {})}
            elif isinstance(after, _Later):
                try:
                    after = after.make()  # noqa: PLW2901 - the item that was only planned
                except expressions.InvalidUpdate:
                    reason = {"Code": "ValidationError"}
            reasons.append(reason)
            made.append((table, key, before, after))
        if any(reason["Code"] != "None" for reason in reasons):
            raise Refused("TransactionCanceledException", "Transaction cancelled", CancellationReasons=reasons)
        for table, key, before, after in made:
            self._apply(table, key, before, after)
        if token:
            self._tokens[token] = (self._now(), request["TransactItems"])
        return {}

    def cancelled(self, request: dict[str, Any], code: str) -> Refused:
        """Return the refusal of a transaction for a reason beyond conditions: TransactionConflict, ThrottlingError."""
        reasons = [{"Code": code}, *({"Code": "None"} for _ in request["TransactItems"][1:])]
        return Refused("TransactionCanceledException", "Transaction cancelled", CancellationReasons=reasons)

    def _BatchWriteItem(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for name, writes in request["RequestItems"].items():
            if not 1 <= len(writes) <= 25:
                raise Refused("ValidationException", "1 to 25 items in a batch")
            table = self._table(name)
            for write in writes:
                ((kind, part),) = write.items()
                if kind == "DeleteRequest":
                    key = table.key_of(_from_native(part["Key"]))
                    self._apply(table, key, table.items.get(key), None)
                else:
                    item = _from_native(part["Item"])
                    key = table.key_of(item)
                    self._apply(table, key, table.items.get(key), item)
        return {"UnprocessedItems": {}}

    def _Query(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        table = self._table(request["TableName"])
        names, values = request.get("ExpressionAttributeNames", {}), _from_native(request.get("ExpressionAttributeValues", {}))
        selected = expressions.condition(request["KeyConditionExpression"])
        index = request.get("IndexName")
        if index:
            if index not in table.indexes:
                raise Refused("ValidationException", f"{table.name} has no index {index}")
            if request.get("ConsistentRead"):
                raise Refused("ValidationException", "consistent reads are not supported on global secondary indexes")
            parts = table.indexes[index]
            keys = [key for key in table.order if all(part in table.items[key] for part in parts)]
            keys.sort(key=lambda key: (*(table.items[key][part] for part in parts), key))
        else:
            keys = table.order
        found = [key for key in keys if selected(table.items[key], names, values)]
        if request.get("ScanIndexForward") is False:
            found.reverse()
        return self._paged(table, found, request)

    def _Scan(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        table = self._table(request["TableName"])
        return self._paged(table, list(table.order), request)

    def _paged(self, table: Table, keys: list[Key], request: dict[str, Any]) -> dict[str, Any]:
        start = request.get("ExclusiveStartKey")
        if start:
            behind = table.key_of(_from_native(start))
            # The item may be gone; then a table's own order says where to go on. In an index this model begins behind its equals.
            position = keys.index(behind) + 1 if behind in keys else len([key for key in keys if key <= behind])
            keys = keys[position:]
        limit = min(request.get("Limit") or self._page_items, self._page_items)
        page = keys[:limit]
        if request.get("FilterExpression"):
            names, values = request.get("ExpressionAttributeNames", {}), _from_native(request.get("ExpressionAttributeValues", {}))
            kept = expressions.condition(request["FilterExpression"])
            shown = [key for key in page if kept(table.items[key], names, values)]
        else:
            shown = page
        answer: dict[str, Any] = {"Items": [_to_native(table.items[key]) for key in shown], "Count": len(shown)}
        if len(keys) >= limit and page:
            last = table.items[page[-1]]
            parts = (*table.key, *table.indexes.get(request.get("IndexName", ""), ()))
            answer["LastEvaluatedKey"] = _to_native({name: last[name] for name in parts})
        return answer


class _Later(dict[str, Any]):
    """The item after an update, made once its condition is known to hold."""

    def __init__(self, make: Callable[[], Item]) -> None:
        super().__init__()
        self.make = make


def _holds(request: Mapping[str, Any], before: Item | None) -> bool:
    text = request.get("ConditionExpression")
    if not text:
        return True
    names, values = request.get("ExpressionAttributeNames", {}), _from_native(request.get("ExpressionAttributeValues", {}))
    return expressions.condition(text)(before or {}, names, values)


def _from_native(item: Mapping[str, Any]) -> Item:
    return {name: _plain(value) for name, value in item.items()}


def _plain(attribute: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one return for each type
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "B":
            return base64.b64decode(value)
        case "L":
            return [_plain(one) for one in value]
        case "M":
            return _from_native(value)
        case "SS":
            return frozenset(value)
        case "NULL":
            return None
        case _:
            raise NotImplementedError(f"attributes of type {kind}")


def _to_native(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _typed(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one return for each type
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": base64.b64encode(value).decode()}
        case list():
            return {"L": [_typed(one) for one in value]}
        case dict():
            return {"M": _to_native(value)}
        case frozenset():
            return {"SS": sorted(value)}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"DynamoDB has no place for a {type(value).__name__}")
