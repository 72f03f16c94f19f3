-- The truth: what happened to each order, never changed. The key is the guard of optimistic concurrency: a version is written once.
create table order_events (
    order_id text not null,
    version integer not null check (version >= 1),
    kind text not null,
    body jsonb not null,
    occurred_at timestamptz not null,
    primary key (order_id, version)
);

-- What follows from the truth, kept in the same transaction: to list a customer's orders, and to find sagas that went silent.
create table orders (
    order_id text primary key,
    customer_id text not null,
    stage text not null,
    version integer not null,
    currency text,
    total_minor_units bigint,
    accepted_at timestamptz not null,
    updated_at timestamptz not null,
    messages_sent integer not null,
    next_look_at timestamptz, -- null once the order is final
    asked_again integer not null default 0,
    correlation_id text not null,
    traceparent text
);

create index orders_of_a_customer on orders (customer_id, accepted_at desc, order_id desc);
create index orders_to_look_at on orders (next_look_at) where next_look_at is not null;

-- From here on as the kit has it: shop_kit/outbox, inbox and idempotency, postgres.sql.
CREATE TABLE outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic    text  NOT NULL,
    key      text  NOT NULL,
    sequence bigint NOT NULL,
    body     bytea NOT NULL,
    headers  text  NOT NULL  -- a JSON object of strings
);

CREATE TABLE inbox (
    message_id text PRIMARY KEY,
    taken_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_taken_at ON inbox (taken_at);

CREATE TABLE idempotency (
    scope        text NOT NULL,
    key          text NOT NULL,
    fingerprint  text NOT NULL,
    status       integer,  -- NULL while in progress
    body         bytea,
    headers      text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
