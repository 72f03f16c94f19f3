"""How seeding fails: one sentence, for a person."""

from __future__ import annotations


class SeedingFailed(Exception):
    """Products could not be put into the shop, or nobody knows whether there are any. The text says why."""
