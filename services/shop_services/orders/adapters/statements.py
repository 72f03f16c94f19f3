"""The SQL of orders. A write is one statement: history, summary, outgoing messages, and what it answers, together or not at all."""

from __future__ import annotations

from shop_kit.event_sourcing import EventTable
from shop_kit.idempotency import postgres as idempotency
from shop_kit.inbox import postgres as inbox
from shop_kit.outbox import postgres as outbox

EVENTS = EventTable("order_events", key="order_id")

# Nothing of this happens when the idempotency key was claimed before.
# $1 order, $2 moment, $3 customer, $4 stage, $5 messages sent, $6 next look, $7 correlation id, $8 quote, $9 currency, $10 total,
# $11 kind and $12 body of the first event, $13 to $17 messages, $18 to $23 claim and answer, $24 whether to wake the relay.
INSERT_ORDER = f"""
with claimed as ({idempotency.claiming(first=18)}), opened as (
    insert into orders (order_id, customer_id, stage, version, revision, accepted_at, updated_at,
                        messages_sent, next_look_at, correlation_id, quote_id, currency, total_minor_units)
    select $1::text, $3, $4, 1, 1, $2::timestamptz, $2::timestamptz, $5, $6, $7, $8, $9, $10 from claimed
), events as (
    insert into order_events (order_id, version, kind, body, occurred_at)
    select $1::text, 1, $11, $12::text::jsonb, $2::timestamptz from claimed
), messages as ({outbox.insertion(first=13, provided="claimed")})
select (select count(*) from claimed) as written, array(select id from messages order by id) as message_ids,
       case when $24::boolean then {outbox.WAKE} end as woken
"""  # noqa: S608  # nosec B608 # constants put together

ONE_ORDER_OF_A_QUOTE = "orders_of_a_quote"
"""The constraint that a second order with the same quote breaks."""

# Nothing of this happens when somebody else wrote meanwhile: then the revision ($3) is not there any more.
# $1 order, $2 moment, $3 revision that was read, $4 stage, $5 version, $6 messages sent, $7 next look, $8 times asked again,
# $9 to $11 versions, kinds and bodies of events, $12 to $16 messages, $17 message that is answered, $18 to $23 claim and answer,
# $24 whether to wake the relay.
UPDATE_ORDER = f"""
with noted as (
    update orders
    set revision = revision + 1, stage = $4, version = $5, updated_at = $2::timestamptz,
        messages_sent = $6, next_look_at = $7, asked_again = $8
    where order_id = $1::text and revision = $3
    returning order_id
), events as ({EVENTS.appending(stream="$1::text", at="$2::timestamptz", first=9, provided="noted")}
), messages as ({outbox.insertion(first=12, provided="noted")}
), taken as ({inbox.taking(parameter=17, provided="noted")}
), kept as ({idempotency.claiming(first=18, provided="noted")})
select (select count(*) from noted) as written, array(select id from messages order by id) as message_ids,
       case when $24::boolean then {outbox.WAKE} end as woken
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
