-- The generations of a service's projections. Copy into its migration. Each generation has a schema of its own beside this.
CREATE TABLE projections (
    name       text NOT NULL,
    generation integer NOT NULL,
    form       integer NOT NULL,
    state      text NOT NULL CHECK (state IN ('building', 'live', 'retired')),
    began_at   timestamptz NOT NULL DEFAULT now(),
    live_at    timestamptz,
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX one_live_generation ON projections (name, form) WHERE state = 'live';
