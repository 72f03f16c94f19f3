-- The inbox of a service. Copy into its first migration.
CREATE TABLE inbox (
    message_id text PRIMARY KEY,
    taken_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_taken_at ON inbox (taken_at);
