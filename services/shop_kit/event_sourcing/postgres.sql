-- The events of one kind of aggregate. Copy into the service's first migration; the names are those of its EventTable.
CREATE TABLE events (
    stream_id   text NOT NULL,
    version     integer NOT NULL CHECK (version >= 1),
    kind        text NOT NULL,
    body        jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, version)  -- the guard: a version is written once
);

-- Only where the store takes snapshots. They may be removed at any time: the events are the truth.
CREATE TABLE snapshots (
    stream_id text PRIMARY KEY,
    version   integer NOT NULL,
    form      integer NOT NULL,
    state     bytea NOT NULL
);
