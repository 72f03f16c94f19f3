"""The default engine: every resource is a plain local process, no Docker and no account."""
