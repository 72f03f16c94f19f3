"""Transactional outbox: what a service says is stored with what it does, and published from there, in order and at least once."""
