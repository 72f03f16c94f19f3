-- The generations of a service's projections. Copy into its migration. Each generation has a schema of its own beside this.
CREATE TABLE projections (
    name       text NOT NULL,
    generation integer NOT NULL,
    form       integer NOT NULL,
    state      text NOT NULL CHECK (state IN ('building', 'live', 'retired')),
    began_at   timestamptz NOT NULL DEFAULT now(),
    live_at    timestamptz,
    current_at timestamptz,  -- when everything that its topics held was last in it
    replay_at  timestamptz,  -- when somebody asked for it to be built anew
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX one_live_generation ON projections (name, form) WHERE state = 'live';
