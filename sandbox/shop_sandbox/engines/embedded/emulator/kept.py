"""MiniStack's state, kept while it runs.

MiniStack keeps state by writing all of it when it is asked to end: nothing is left after SIGKILL, and with many items the writing
takes seconds. Here the journal follows the state instead. Items of DynamoDB, nearly all there ever is, are journaled one by one
before the request that wrote them is answered. All else (tables, queues and their messages, parameters, secrets…) is small: after a
request that may have changed it, what differs from the journal is added a moment later, at most `LONGEST_LAG_SECONDS`.

It holds on to MiniStack at six places, all of the version that the lock pins, and a test fails where one of them is gone.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from ministack import app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import dynamodb

from shop_sandbox.engines.embedded.emulator.changes import Change, Emptied, Item, Part, PartGone, decoded, encoded
from shop_sandbox.engines.embedded.emulator.journal import Journal, Unreadable

LONGEST_LAG_SECONDS: Final = 0.1
MOST_OF_THE_TIME: Final = 0.1
"""Following the small services takes at most this part of the process's time: where they are not small, the lag grows."""
ITEMS_A_FRAME: Final = 100
"""In a base: few enough that a request hardly waits for it."""

_COUNTED: Final = frozenset({"items", "ItemCount", "TableSizeBytes", dynamodb._INDEX_MEMBERS})
"""What of a table follows from its items."""

Table = dict[str, Any]
_PartKey = tuple[str, str, str, str]


class KeptState:
    """The state of this process's MiniStack and the journal that follows it. All methods belong to the event loop's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pending: list[Item] = []
        self._known_parts: dict[_PartKey, bytes] = {}
        self._known_items: dict[str, object] = {}
        self._tables_changed = False
        self.seconds_to_follow = 0.0

    def hold(self) -> None:
        """Take the place of MiniStack's own persistence. Before it starts to serve."""
        app._load_persisted_state = self.restore
        app.save_all = lambda _states: self.follow()
        dynamodb._set_item = self._hearing_of_items(dynamodb._set_item)
        dynamodb._remove_item = self._hearing_of_items(dynamodb._remove_item)
        dynamodb._items_replaced = self._hearing_of_tables(dynamodb._items_replaced)

    def restore(self) -> None:
        """Bring back what the journal describes. Raises Unreadable."""
        items: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
        parts: dict[_PartKey, Part] = {}
        for frame in self._journal.read():
            try:
                changes = decoded(frame)
            except msgspec.DecodeError as error:
                raise Unreadable(f"a frame of the emulator's journal is not of this version's form: {error}") from error
            for change in changes:
                _apply(change, items, parts)
        for service, state in _states(parts.values()).items():
            app._get_module(app._state_map[service]).load_persisted_state(state)
        for _, table in dynamodb._tables.all_items():
            table["items"] = defaultdict(dict, items.get(table["TableArn"], {}))
            dynamodb._items_replaced(table)
            self._known_items[table["TableArn"]] = table["items"]
        self._known_parts = {key: bytes(part.value) for key, part in parts.items()}
        self._tables_changed = False

    def note_tables(self) -> None:
        """Take note that tables may have changed, other than in their items: `commit` looks at them first."""
        self._tables_changed = True

    def commit(self) -> None:
        """Journal what happened to items. When it returns, no way of ending this process loses it. Raises OSError."""
        if not self._pending:
            return
        changes: list[Change] = list(self._table_changes()) if self._tables_changed else []
        pending, self._pending = self._pending, []
        self._journal.append(encoded([*changes, *pending]))

    def follow(self) -> None:
        """Journal everything that differs from it. Raises OSError."""
        began = time.perf_counter()
        changes: list[Change] = [*self._table_changes(), *self._part_changes(_other_states())]
        pending, self._pending = self._pending, []
        if changes or pending:
            self._journal.append(encoded([*changes, *pending]))
        self.seconds_to_follow = time.perf_counter() - began

    @property
    def wants_rewriting(self) -> bool:
        return self._journal.wants_rewriting

    def rewrite(self) -> Iterator[None]:
        """Rewrite the journal, a bit at each step."""
        return self._journal.rewrite(self._everything())

    def _everything(self) -> Iterator[bytes]:
        parts: list[Change] = [_part(key, value) for key, value in list(self._known_parts.items())]
        yield encoded(parts)
        for _, table in list(dynamodb._tables.all_items()):
            yield from _all_items(table)

    def _hearing_of_items(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(table: Table, partition_key: str, sort_key: str, *item: dict[str, Any]) -> Any:
            old = change(table, partition_key, sort_key, *item)
            if self._known_items.get(table["TableArn"]) is not table["items"]:
                self._tables_changed = True
            self._pending.append(Item(table["TableArn"], partition_key, sort_key, item[0] if item else None))
            return old

        return changed

    def _hearing_of_tables(self, change: Callable[[Table], None]) -> Callable[[Table], None]:
        def changed(table: Table) -> None:
            change(table)
            self._tables_changed = True

        return changed

    def _table_changes(self) -> Iterator[Change]:
        """Give what is new about tables. One whose items are another collection than before is told with all of them."""
        self._tables_changed = False
        yield from self._part_changes({"dynamodb": _tables_without_items()})
        there = {table["TableArn"]: table for _, table in dynamodb._tables.all_items()}
        for arn in [arn for arn in self._known_items if arn not in there]:
            del self._known_items[arn]
            yield Emptied(arn)
        for arn, table in there.items():
            if self._known_items.get(arn) is not table["items"]:
                self._known_items[arn] = table["items"]
                yield Emptied(arn)
                yield from _items_of(table)

    def _part_changes(self, states: Mapping[str, Mapping[str, Any]]) -> Iterator[Change]:
        found = {key: value for service, state in states.items() for key, value in _parts_of(service, state)}
        gone = [key for key in self._known_parts if key[0] in states and key not in found]
        for key in gone:
            del self._known_parts[key]
            yield PartGone(*key)
        for key, value in found.items():
            if self._known_parts.get(key) != value:
                self._known_parts[key] = value
                yield _part(key, value)


def _apply(change: Change, items: dict[str, dict[str, dict[str, Any]]], parts: dict[_PartKey, Part]) -> None:
    match change:
        case Item(table_arn, partition_key, sort_key, None):
            items[table_arn][partition_key].pop(sort_key, None)
            if not items[table_arn][partition_key]:
                del items[table_arn][partition_key]
        case Item(table_arn, partition_key, sort_key, value):
            items[table_arn][partition_key][sort_key] = value
        case Emptied(table_arn):
            items.pop(table_arn, None)
        case Part(service, form, store, scope, key):
            if form > persistence._state_format_version(service):
                raise Unreadable(f"the state of {service} is of form {form}, newer than what this MiniStack reads")
            parts[service, store, scope, key] = change
        case PartGone(service, store, scope, key):
            parts.pop((service, store, scope, key), None)


def _part(key: _PartKey, value: bytes) -> Part:
    service, store, scope, entry = key
    return Part(service, persistence._state_format_version(service), store, scope, entry, msgspec.Raw(value))


def _all_items(table: Table) -> Iterator[bytes]:
    changes: list[Change] = []
    for item in _items_of(table):
        changes.append(item)
        if len(changes) == ITEMS_A_FRAME:
            yield encoded(changes)
            changes = []
    if changes:
        yield encoded(changes)


def _items_of(table: Table) -> Iterator[Item]:
    for partition_key, partition in list(table["items"].items()):
        for sort_key, item in list(partition.items()):
            yield Item(table["TableArn"], partition_key, sort_key, item)


def _tables_without_items() -> dict[str, Any]:
    tables = AccountRegionScopedDict()
    for (account, region, name), table in dynamodb._tables.all_items():
        tables.set_scoped(account, region, name, {key: value for key, value in table.items() if key not in _COUNTED})
    return {
        "tables": tables,
        "tags": dynamodb._tags,
        "ttl_settings": dynamodb._ttl_settings,
        "pitr_settings": dynamodb._pitr_settings,
        "kinesis_destinations": dynamodb._kinesis_destinations,
        "contributor_insights": dynamodb._contributor_insights,
        "backups": dynamodb._backups,
        "resource_policies": dynamodb._resource_policies,
        "exports": dynamodb._exports,
        "imports": dynamodb._imports,
    }


def _other_states() -> dict[str, Mapping[str, Any]]:
    """Give the state of each service that was used, as MiniStack would save it. Queues are looked at in place: a copy of many
    messages takes far longer than their JSON."""
    states = {service: get_state for service, get_state in app._build_persistence_save_dict().items() if service != "dynamodb"}
    found: dict[str, Mapping[str, Any]] = {}
    for service, get_state in states.items():
        if service == "sqs":
            sqs = app._get_module("sqs")
            found[service] = {"queues": sqs._queues, "queue_name_to_url": sqs._queue_name_to_url}
        elif (state := get_state()) is not None:
            found[service] = state
    return found


def _parts_of(service: str, state: Mapping[str, Any]) -> Iterator[tuple[_PartKey, bytes]]:
    for store, value in state.items():
        if isinstance(value, AccountRegionScopedDict):
            yield (service, store, _BY_REGION, _ITSELF), b"0"
            for (account, region, key), entry in list(value._data.items()):
                yield (service, store, _BY_REGION, f"{account}\x00{region}\x00{key!r}"), _json(entry)
        elif isinstance(value, AccountScopedDict):
            yield (service, store, _BY_ACCOUNT, _ITSELF), b"0"
            for (account, key), entry in list(value._data.items()):
                yield (service, store, _BY_ACCOUNT, f"{account}\x00{key!r}"), _json(entry)
        else:
            yield (service, store, "", _ITSELF), _json(value)


_BY_REGION: Final = "__account_region_scoped__"
_BY_ACCOUNT: Final = "__scoped__"
_ITSELF: Final = ""
"""Key of a store that is one value, and of the word that a store is there which may have no entries."""


def _json(value: Any) -> bytes:
    return json.dumps(value, default=persistence._json_default, separators=(",", ":")).encode()


def _states(parts: Iterable[Part]) -> dict[str, dict[str, Any]]:
    """Put the parts together as MiniStack saved and would load them."""
    stores: dict[str, dict[str, tuple[str, dict[str, bytes]]]] = defaultdict(dict)
    for part in parts:
        _, entries = stores[part.service].setdefault(part.store, (part.scope, {}))
        entries[part.key] = bytes(part.value)
    return {service: {store: _store(*found) for store, found in of_service.items()} for service, of_service in stores.items()}


def _store(scope: str, entries: Mapping[str, bytes]) -> Any:
    if not scope:
        return json.loads(entries[_ITSELF], object_hook=persistence._json_object_hook)
    inner = b",".join(json.dumps(key).encode() + b":" + value for key, value in entries.items() if key != _ITSELF)
    return json.loads(b'{"%s":true,"data":{%s}}' % (scope.encode(), inner), object_hook=persistence._json_object_hook)
