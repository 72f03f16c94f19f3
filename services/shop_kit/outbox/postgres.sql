-- The outbox of a service. Copy into its first migration.
CREATE TABLE outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic    text  NOT NULL,
    key      text  NOT NULL,
    sequence bigint NOT NULL,
    body     bytea NOT NULL,
    headers  text  NOT NULL  -- a JSON object of strings
);
