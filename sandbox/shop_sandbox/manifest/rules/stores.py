"""Tables, queues, databases, secrets: what DynamoDB, SQS and PostgreSQL would refuse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from shop_sandbox.manifest.faults import Path, did_you_mean
from shop_sandbox.manifest.form import Key, Table
from shop_sandbox.manifest.names import dead_letter_queue
from shop_sandbox.manifest.rules.view import Finding, View, listed


def _tables(view: View) -> Iterator[Finding]:
    for position, table in enumerate(view.service.needs.tables):
        yield from _table(("needs", "tables", position), table)


def _table(place: Path, table: Table) -> Iterator[Finding]:
    """Rules of DynamoDB's CreateTable: one type an attribute, distinct key attributes, at most 20 global indexes."""
    types: dict[str, str] = {}
    keys: list[tuple[Path, Key]] = [(("key",), table.key)]
    keys.extend((("indexes", number, "key"), index.key) for number, index in enumerate(table.indexes))
    for below, key in keys:
        for part, attribute in (("partition", key.partition), ("sort", key.sort)):
            if attribute is None:
                continue
            if types.setdefault(attribute.name, attribute.type) != attribute.type:
                message = f"{attribute.name!r} is of type {types[attribute.name]} in another key of this table"
                yield (*place, *below, part, "type"), message, "an attribute has one type in a table"
        if key.sort and key.sort.name == key.partition.name:
            yield (*place, *below, "sort", "name"), "is the partition key already", "take another attribute"
    for name, count in Counter(index.name for index in table.indexes).items():
        if count > 1:
            position = max(number for number, index in enumerate(table.indexes) if index.name == name)
            yield (*place, "indexes", position, "name"), f"the index {name!r} is listed twice", "keep one of the two"
    if len(table.indexes) > 20:
        yield (*place, "indexes"), "DynamoDB allows 20 global indexes on a table", ""
    if table.ttl in types:
        yield (*place, "ttl"), f"{table.ttl!r} is part of a key", "the expiry is an attribute of its own"


def _queues(view: View) -> Iterator[Finding]:
    queues = view.service.needs.queues
    mine = {queue.name for queue in queues}
    notifications = view.platform.names("notifications")
    for position, queue in enumerate(queues):
        place: Path = ("needs", "queues", position)
        if queue.dead_letter and dead_letter_queue(queue) in mine:
            yield (
                (*place, "name"),
                f"its dead-letter queue {dead_letter_queue(queue)!r} is listed as a queue",
                "remove that; it is made",
            )
        for number, subscription in enumerate(queue.subscriptions):
            below = (*place, "subscriptions", number, "notification")
            if subscription.notification not in notifications and not view.platform.has_unread:
                hint = did_you_mean(subscription.notification, notifications) or "no service owns any"
                yield below, f"there is no notification {subscription.notification!r}", hint
            elif subscription.notification.endswith(".fifo") and not queue.name.endswith(".fifo"):
                yield below, "a FIFO topic delivers to FIFO queues only", f"name the queue {queue.name + '.fifo'!r}"
        notified = Counter(subscription.notification for subscription in queue.subscriptions)
        for number, subscription in enumerate(queue.subscriptions):
            if notified[subscription.notification] > 1 and number:
                yield (
                    (*place, "subscriptions", number),
                    "the queue subscribes to this topic twice",
                    "one filter can name many values",
                )


_RESERVED_DATABASES = frozenset({"shop", "postgres", "template0", "template1"})


def _databases(view: View) -> Iterator[Finding]:
    for position, database in enumerate(view.service.needs.databases):
        if database.name in _RESERVED_DATABASES:
            place: Path = ("needs", "databases", position, "name")
            yield place, f"{database.name!r} is a database of the server itself", "name it like the service"
    if view.service.needs.databases and view.service.service.startswith("pg-"):
        yield ("service",), "PostgreSQL keeps role names that begin with `pg_` for itself", "choose another name"


def _migrations(view: View) -> Iterator[Finding]:
    for position, database in enumerate(view.service.needs.databases):
        if database.migrations is None:
            continue
        place: Path = ("needs", "databases", position, "migrations")
        folder = view.folder / database.migrations
        if not folder.is_dir():
            yield (
                place,
                f"there is no folder {database.migrations!r} beside service.yaml",
                "make it, with a first file `0001_create.sql`",
            )
            continue
        files = sorted(file.name for file in folder.iterdir() if file.suffix == ".sql")
        odd = [name for name in files if not MIGRATION_FILE.match(name)]
        if odd:
            yield place, f"not named like a migration: {', '.join(odd)}", "name them `NNNN_name.sql`, as in `0001_create.sql`"
        numbers = Counter(name[:4] for name in files if name not in odd)
        for number in sorted(number for number, count in numbers.items() if count > 1):
            twins = ", ".join(name for name in files if name.startswith(number))
            yield place, f"two migrations have the number {number}: {twins}", "give the newer one the next free number"


MIGRATION_FILE = re.compile(r"[0-9]{4}_[a-z0-9_]+\.sql\Z")


def _read_secrets(view: View) -> Iterator[Finding]:
    owned = view.platform.names("secrets")
    for position, secret in enumerate(view.service.needs.secrets):
        place: Path = ("needs", "secrets", position, "ownedBy")
        if secret.owned_by is None:
            continue
        if secret.owned_by == view.service.service:
            yield place, "is this service", "leave it out for a secret of its own"
        elif secret.owned_by not in owned.get(secret.name, ()) and not view.platform.has_unread:
            owners = owned.get(secret.name)
            hint = f"{listed(owners)} has it" if owners else did_you_mean(secret.name, owned) or "no service declares a secret"
            yield place, f"{secret.owned_by!r} declares no secret {secret.name!r}", hint


RULES = (_tables, _queues, _databases, _migrations, _read_secrets)
