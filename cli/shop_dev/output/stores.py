"""How tables, queues and buckets are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shop_dev.output.columns import Cell, Page, columns

if TYPE_CHECKING:
    from shop_dev.stores.aws import BucketFacts, DynamoTable, QueueFacts
    from shop_dev.stores.owners import Owners
    from shop_dev.stores.postgres import SqlTable


def tables_data(owners: Owners, sql: Sequence[SqlTable], dynamo: Sequence[DynamoTable]) -> dict[str, object]:
    """Return them for scripts. `bytes` is null for DynamoDB, which counts items only."""
    of_postgres = [
        {
            "store": "postgres",
            "database": one.database,
            "name": one.name,
            "service": owners.databases.get(one.database),
            "rows": one.rows,
            "isExact": one.is_exact,
            "bytes": one.stored_bytes,
        }
        for one in sql
    ]
    of_dynamo = [
        {
            "store": "dynamodb",
            "database": None,
            "name": one.name,
            "service": owners.tables.get(one.name),
            "rows": one.items,
            "isExact": True,
            "bytes": None,
        }
        for one in dynamo
    ]
    return {"tables": [*of_postgres, *of_dynamo]}


def tables_page(owners: Owners, sql: Sequence[SqlTable], dynamo: Sequence[DynamoTable]) -> Page:
    """One line a table."""
    told = [
        (
            owners.databases.get(one.database),
            "PostgreSQL",
            one.name,
            _count(one.rows, is_exact=one.is_exact),
            size(one.stored_bytes),
        )
        for one in sql
    ]
    told += [(owners.tables.get(one.name), "DynamoDB", one.name, f"{one.items:,}", "") for one in dynamo]
    rows = [
        [Cell(owner or "", "dim"), Cell(store, "dim"), Cell(name), Cell(count), Cell(stored, "dim")]
        for owner, store, name, count, stored in told
    ]
    return _page("There are no tables.", ("SERVICE", "STORE", "TABLE", "ROWS", "SIZE"), rows, right=frozenset({3, 4}))


def queues_data(owners: Owners, queues: Sequence[QueueFacts]) -> dict[str, object]:
    """Return them for scripts."""
    return {
        "queues": [
            {
                "name": one.name,
                "service": owners.queues.get(one.name),
                "waiting": one.waiting,
                "inFlight": one.in_flight,
                "delayed": one.delayed,
                "deadLettersTo": one.dead_letters_to,
            }
            for one in queues
        ]
    }


def queues_page(owners: Owners, queues: Sequence[QueueFacts]) -> Page:
    """One line a queue; one that holds what another gave up is red while there is something in it."""
    takes = {one.dead_letters_to for one in queues}
    rows = [
        [
            Cell(owners.queues.get(one.name, ""), "dim"),
            Cell(one.name),
            Cell(f"{one.waiting:,}", "red" if one.name in takes and one.waiting else ""),
            Cell(f"{one.in_flight:,}"),
            Cell(f"{one.delayed:,}"),
            Cell(one.dead_letters_to or "", "dim"),
        ]
        for one in queues
    ]
    heads = ("SERVICE", "QUEUE", "WAITING", "IN FLIGHT", "DELAYED", "DEAD LETTERS TO")
    return _page("There are no queues.", heads, rows, right=frozenset({2, 3, 4}))


def buckets_data(owners: Owners, buckets: Sequence[BucketFacts]) -> dict[str, object]:
    """Return them for scripts."""
    return {
        "buckets": [
            {
                "name": one.name,
                "service": owners.buckets.get(one.name),
                "objects": one.objects,
                "isExact": one.is_exact,
                "bytes": one.stored_bytes,
            }
            for one in buckets
        ]
    }


def buckets_page(owners: Owners, buckets: Sequence[BucketFacts]) -> Page:
    """One line a bucket."""
    rows = [
        [
            Cell(owners.buckets.get(one.name, ""), "dim"),
            Cell(one.name),
            Cell(f"{'' if one.is_exact else 'over '}{one.objects:,}"),
            Cell(size(one.stored_bytes), "dim"),
        ]
        for one in buckets
    ]
    return _page("There are no buckets.", ("SERVICE", "BUCKET", "OBJECTS", "SIZE"), rows, right=frozenset({2, 3}))


def size(count: int | None) -> str:
    """Return a number of bytes as people read it; nothing where nobody knows."""
    if count is None:
        return ""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:,.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MiB"


def _count(rows: int, *, is_exact: bool) -> str:
    return f"{rows:,}" if is_exact else f"about {rows:,}"


def _page(nothing: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, right: frozenset[int]) -> Page:
    if not rows:
        return Page(((Cell(nothing),),))
    return Page((*columns([[Cell(head, "dim") for head in heads], *rows], right=right),))
