"""The statements of the kit and of orders, in Python. Each is held to the real one by tests/simulation/test_models_agree.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from simulation.models.postgres import Answer, Row, Transaction, statement

TABLES = ("order_events", "orders", "orders_of_a_quote", "outbox", "inbox", "idempotency", "erased_customers")
"""`orders_of_a_quote` stands for the constraint of that name: one order for each quote."""

# The outbox.


def _append_messages(
    transaction: Transaction, topics: list[str], keys: list[str], sequences: list[int], bodies: list[bytes], headers: list[str]
) -> list[int]:
    written = []
    for topic, key, sequence, body, header in zip(topics, keys, sequences, bodies, headers, strict=True):
        number = transaction.next_value("outbox_id")
        row = {"id": number, "topic": topic, "key": key, "sequence": sequence, "body": body, "headers": header}
        transaction.insert_or_fail("outbox", number, row)
        written.append(number)
    return written


_INSERT_MESSAGES = """
insert into outbox (topic, key, sequence, body, headers)
select message.topic, message.key, message.sequence, message.body, message.headers
from {source}unnest(${0}::text[], ${1}::text[], ${2}::bigint[], ${3}::bytea[], ${4}::text[])
     with ordinality as message (topic, key, sequence, body, headers, place)
order by message.place
returning id
"""


def _messages(first: int, provided: str = "") -> str:
    source = f"{provided} cross join " if provided else ""
    return _INSERT_MESSAGES.format(*range(first, first + 5), source=source)


@statement(f"with written as ({_messages(1)}) select pg_notify('outbox', '')")
def append_messages(transaction: Transaction, *columns: Any) -> Answer:
    _append_messages(transaction, *columns)
    transaction.notify("outbox")
    return Answer([{"pg_notify": ""}])


@statement(
    "select id, topic, key, sequence, body, headers from outbox where id <> all($1::bigint[]) order by id limit $2",
    writes=False,
    category="relay",
)
def read_what_is_not_published(transaction: Transaction, known: list[int], limit: int) -> Answer:
    known_ids = set(known)
    rows = sorted((row for key, row in transaction.rows("outbox") if key not in known_ids), key=lambda row: row["id"])
    return Answer(rows[:limit])


@statement("delete from outbox where id = any($1::bigint[])", category="remove")
def remove_what_is_published(transaction: Transaction, published: list[int]) -> Answer:
    there = [number for number in published if transaction.get("outbox", number) is not None]
    for number in there:
        transaction.delete("outbox", number)
    return Answer(status=f"DELETE {len(there)}")


# The inbox.


@statement("delete from inbox where taken_at < now() - make_interval(days => $1)")
def forget_old_messages(transaction: Transaction, days: int) -> Answer:
    old = [key for key, row in transaction.rows("inbox") if row["taken_at"] < transaction.now - timedelta(days=days)]
    for key in old:
        transaction.delete("inbox", key)
    return Answer(status=f"DELETE {len(old)}")


# Idempotency keys.

KEY_SECONDS = 86400.0
_CLAIM = """
insert into idempotency as known (scope, key, fingerprint, status, body, headers) {source}
on conflict (scope, key) do update
set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, headers = excluded.headers,
    created_at = now()
where known.created_at < now() - make_interval(secs => 86400.0)
returning key
"""


def _claiming(first: int, provided: str = "") -> str:
    kinds = ("text", "text", "text", "integer", "bytea", "text")
    values = ", ".join(f"${first + place}::{kind}" for place, kind in enumerate(kinds))
    source = f"select {values} from {provided} where ${first}::text is not null" if provided else f"values ({values})"
    return _CLAIM.format(source=source)


def _claim(transaction: Transaction, scope: str, key: str, *columns: Any) -> bool:
    row = dict(zip(("fingerprint", "status", "body", "headers"), columns, strict=True)) | {"created_at": transaction.now}
    if transaction.insert("idempotency", (scope, key), {"scope": scope, "key": key, **row}):
        return True
    known = transaction.get("idempotency", (scope, key))
    assert known is not None
    if known["created_at"] < transaction.now - timedelta(seconds=KEY_SECONDS):
        transaction.update("idempotency", (scope, key), **row)
        return True
    return False


@statement(
    """
    select fingerprint, status, body, headers from idempotency
    where scope = $1 and key = $2 and created_at >= now() - make_interval(secs => $3)
    """,
    writes=False,
)
def read_a_key(transaction: Transaction, scope: str, key: str, seconds: float) -> Answer:
    row = transaction.get("idempotency", (scope, key))
    is_there = row is not None and row["created_at"] >= transaction.now - timedelta(seconds=seconds)
    return Answer([_only(row, "fingerprint", "status", "body", "headers")] if row and is_there else [])


@statement("delete from idempotency where created_at < now() - make_interval(secs => $1)")
def forget_old_keys(transaction: Transaction, seconds: float) -> Answer:
    old = [key for key, row in transaction.rows("idempotency") if row["created_at"] < transaction.now - timedelta(seconds=seconds)]
    for key in old:
        transaction.delete("idempotency", key)
    return Answer(status=f"DELETE {len(old)}")


# Orders.


def _append_events(
    transaction: Transaction, order_id: str, at: datetime, versions: list[int], kinds: list[str], bodies: list[str]
) -> None:
    for version, kind, body in zip(versions, kinds, bodies, strict=True):
        row = {"order_id": order_id, "version": version, "kind": kind, "body": _jsonb(body), "occurred_at": at}
        transaction.insert_or_fail("order_events", (order_id, version), row)


def _jsonb(text: str) -> str:
    """What jsonb gives back as text may have other spaces; readers must not mind."""
    return msgspec.json.encode(msgspec.json.decode(text)).decode()


@statement(f"""
with claimed as ({_claiming(18)}), opened as (
    insert into orders (order_id, customer_id, stage, version, revision, accepted_at, updated_at,
                        messages_sent, next_look_at, correlation_id, quote_id, currency, total_minor_units)
    select $1::text, $3, $4, 1, 1, $2::timestamptz, $2::timestamptz, $5, $6, $7, $8, $9, $10 from claimed
), events as (
    insert into order_events (order_id, version, kind, body, occurred_at)
    select $1::text, 1, $11, $12::text::jsonb, $2::timestamptz from claimed
), messages as ({_messages(13, "claimed")})
select (select count(*) from claimed) as written, array(select id from messages order by id) as message_ids,
       case when $24::boolean then pg_notify('outbox', '') end as woken
""")
def place_an_order(transaction: Transaction, order_id: str, at: datetime, *rest: Any) -> Answer:
    (customer, stage, sent, look_at, correlation, quote, currency, total, kind, body) = rest[:10]
    messages, claim, wakes = rest[10:15], rest[15:21], rest[21]
    if not _claim(transaction, *claim):
        return Answer([{"written": 0, "message_ids": [], "woken": None}])
    _append_events(transaction, order_id, at, [1], [kind], [body])
    row = {
        "order_id": order_id,
        "customer_id": customer,
        "stage": stage,
        "version": 1,
        "revision": 1,
        "quote_id": quote,
        "currency": currency,
        "total_minor_units": total,
        "accepted_at": at,
        "updated_at": at,
        "messages_sent": sent,
        "next_look_at": look_at,
        "asked_again": 0,
        "correlation_id": correlation,
    }
    transaction.insert_or_fail("orders", order_id, row)
    transaction.insert_or_fail("orders_of_a_quote", quote, {"order_id": order_id}, constraint="orders_of_a_quote")
    ids = _append_messages(transaction, *messages)
    if wakes:
        transaction.notify("outbox")
    return Answer([{"written": 1, "message_ids": ids, "woken": None}])


@statement(f"""
with noted as (
    update orders
    set revision = revision + 1, stage = $4, version = $5, updated_at = $2::timestamptz,
        messages_sent = $6, next_look_at = $7, asked_again = $8
    where order_id = $1::text and revision = $3
    returning order_id
), events as (
    insert into order_events (order_id, version, kind, body, occurred_at)
    select $1::text, event.version, event.kind, event.body::jsonb, $2::timestamptz
    from noted cross join unnest($9::integer[], $10::text[], $11::text[]) as event (version, kind, body)
), messages as ({_messages(12, "noted")}
), taken as (insert into inbox (message_id) select $17::text from noted where $17::text is not null
), kept as ({_claiming(18, "noted")})
select (select count(*) from noted) as written, array(select id from messages order by id) as message_ids,
       case when $24::boolean then pg_notify('outbox', '') end as woken
""")
def write_an_order(transaction: Transaction, order_id: str, at: datetime, revision: int, *rest: Any) -> Answer:
    (stage, version, sent, look_at, asked), events, messages = rest[:5], rest[5:8], rest[8:13]
    message_id, claim, wakes = rest[13], rest[14:20], rest[20]
    nothing = Answer([{"written": 0, "message_ids": [], "woken": None}])
    if transaction.get("orders", order_id) is None:
        return nothing
    transaction.lock("orders", order_id)
    row = transaction.get("orders", order_id)
    if row is None or row["revision"] != revision:
        return nothing
    transaction.update(
        "orders",
        order_id,
        revision=revision + 1,
        stage=stage,
        version=version,
        updated_at=at,
        messages_sent=sent,
        next_look_at=look_at,
        asked_again=asked,
    )
    _append_events(transaction, order_id, at, *events)
    ids = _append_messages(transaction, *messages)
    if message_id is not None:
        transaction.insert_or_fail("inbox", message_id, {"message_id": message_id, "taken_at": transaction.now})
    if claim[0] is not None:
        _claim(transaction, *claim)
    if wakes:
        transaction.notify("outbox")
    return Answer([{"written": 1, "message_ids": ids, "woken": None}])


@statement(
    """
    select o.revision, o.messages_sent, o.asked_again, o.next_look_at, o.correlation_id,
           history.kinds, history.bodies, history.moments,
           exists (select from inbox where message_id = $2::text) as is_taken
    from orders o cross join lateral (
        select array_agg(kind order by version) as kinds, array_agg(body::text order by version) as bodies,
               array_agg(occurred_at order by version) as moments
        from order_events where order_id = o.order_id
    ) as history
    where o.order_id = $1::text
    """,
    writes=False,
)
def read_an_order(transaction: Transaction, order_id: str, message_id: str | None) -> Answer:
    row = transaction.get("orders", order_id)
    if row is None:
        return Answer()
    events = sorted((event for _, event in transaction.rows("order_events") if event["order_id"] == order_id), key=_version)
    found = _only(row, "revision", "messages_sent", "asked_again", "next_look_at", "correlation_id")
    found["kinds"] = [event["kind"] for event in events] or None
    found["bodies"] = [event["body"] for event in events] or None
    found["moments"] = [event["occurred_at"] for event in events] or None
    found["is_taken"] = message_id is not None and transaction.get("inbox", message_id) is not None
    return Answer([found])


@statement(
    """
    select order_id, asked_again, next_look_at from orders
    where next_look_at <= $1 and ($3::timestamptz is null or (next_look_at, order_id) > ($3, $4::text))
    order by next_look_at, order_id limit $2
    """,
    writes=False,
    category="sweep",
)
def find_silent_orders(transaction: Transaction, at: datetime, limit: int, behind: datetime | None, last: str | None) -> Answer:
    due = [row for _, row in transaction.rows("orders") if row["next_look_at"] is not None and row["next_look_at"] <= at]
    if behind is not None:
        due = [row for row in due if (row["next_look_at"], row["order_id"]) > (behind, last)]
    due.sort(key=lambda row: (row["next_look_at"], row["order_id"]))
    return Answer([_only(row, "order_id", "asked_again", "next_look_at") for row in due[:limit]])


@statement("insert into erased_customers (customer_id, erased_at) values ($1, $2) on conflict do nothing")
def note_erased(transaction: Transaction, customer_id: str, at: datetime) -> Answer:
    is_new = transaction.insert("erased_customers", customer_id, {"customer_id": customer_id, "erased_at": at})
    return Answer(status=f"INSERT 0 {int(is_new)}")


@statement("select customer_id from erased_customers where erased_at > $1", writes=False)
def read_erased(transaction: Transaction, since: datetime) -> Answer:
    return Answer([_only(row, "customer_id") for _, row in transaction.rows("erased_customers") if row["erased_at"] > since])


@statement("delete from erased_customers where erased_at <= $1")
def forget_erased(transaction: Transaction, since: datetime) -> Answer:
    old = [key for key, row in transaction.rows("erased_customers") if row["erased_at"] <= since]
    for key in old:
        transaction.delete("erased_customers", key)
    return Answer(status=f"DELETE {len(old)}")


def _version(row: Row) -> int:
    return int(row["version"])


def _only(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}
