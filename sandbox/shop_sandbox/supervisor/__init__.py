"""The detached process that owns every child of one sandbox."""
