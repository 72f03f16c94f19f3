"""How descriptions run: `embedded` as local processes without Docker; others beside it."""
