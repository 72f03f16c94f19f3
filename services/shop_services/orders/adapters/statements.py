"""The SQL of orders. A write is one statement: history, summary, outgoing messages, and what it answers, together or not at all."""

from __future__ import annotations

from shop_kit.event_sourcing import EventTable
from shop_kit.idempotency import postgres as idempotency
from shop_kit.inbox import postgres as inbox
from shop_kit.outbox import postgres as outbox

EVENTS = EventTable("order_events", key="order_id")

# Nothing of this happens when the idempotency key was claimed before.
# $1 order, $2 moment, $3 customer, $4 stage, $5 messages sent, $6 next look, $7 correlation id, $8 kind and $9 body of the first
# event, $10 to $14 messages, $15 to $20 claim and answer, $21 whether to wake the relay.
INSERT_ORDER = f"""
with claimed as ({idempotency.claiming(first=15)}), opened as (
    insert into orders (order_id, customer_id, stage, version, revision, accepted_at, updated_at,
                        messages_sent, next_look_at, correlation_id)
    select $1::text, $3, $4, 1, 1, $2::timestamptz, $2::timestamptz, $5, $6, $7 from claimed
), events as (
    insert into order_events (order_id, version, kind, body, occurred_at)
    select $1::text, 1, $8, $9::text::jsonb, $2::timestamptz from claimed
), messages as ({outbox.insertion(first=10, provided="claimed")})
select (select count(*) from claimed) as written, array(select id from messages order by id) as message_ids,
       case when $21::boolean then {outbox.WAKE} end as woken
"""  # noqa: S608  # nosec B608 # constants put together

# Nothing of this happens when somebody else wrote meanwhile: then the revision ($3) is not there any more.
# $1 order, $2 moment, $3 revision that was read, $4 stage, $5 version, $6 currency, $7 total, $8 messages sent, $9 next look,
# $10 times asked again, $11 to $13 versions, kinds and bodies of events, $14 to $18 messages, $19 message that is answered,
# $20 to $25 claim and answer, $26 whether to wake the relay.
UPDATE_ORDER = f"""
with noted as (
    update orders
    set revision = revision + 1, stage = $4, version = $5, currency = $6, total_minor_units = $7, updated_at = $2::timestamptz,
        messages_sent = $8, next_look_at = $9, asked_again = $10
    where order_id = $1::text and revision = $3
    returning order_id
), events as ({EVENTS.appending(stream="$1::text", at="$2::timestamptz", first=11, provided="noted")}
), messages as ({outbox.insertion(first=14, provided="noted")}
), taken as ({inbox.taking(parameter=19, provided="noted")}
), kept as ({idempotency.claiming(first=20, provided="noted")})
select (select count(*) from noted) as written, array(select id from messages order by id) as message_ids,
       case when $26::boolean then {outbox.WAKE} end as woken
"""  # noqa: S608  # nosec B608 # constants put together

# $1 order, $2 message that is answered, or null.
SELECT_ORDER = f"""
select o.revision, o.messages_sent, o.asked_again, o.next_look_at, o.correlation_id,
       history.kinds, history.bodies, history.moments, {inbox.is_taken(parameter=2)} as is_taken
from orders o cross join lateral ({EVENTS.history(stream="o.order_id")}) as history
where o.order_id = $1::text
"""  # noqa: S608  # nosec B608 # constants put together

SELECT_SILENT = """
select order_id, asked_again, next_look_at from orders
where next_look_at <= $1 and ($3::timestamptz is null or (next_look_at, order_id) > ($3, $4::text))
order by next_look_at, order_id limit $2
"""

SELECT_SUMMARIES = """
select order_id, stage, currency, total_minor_units, accepted_at, updated_at from orders
where customer_id = $1 and ($3::timestamptz is null or (accepted_at, order_id) < ($3, $4))
order by accepted_at desc, order_id desc limit $2
"""
