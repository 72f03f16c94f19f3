"""The most that a resource may use."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a resource may use, with all it starts: bytes of memory, and processors (0.5 is half of one's time).

    None: as much as there is.
    """

    memory_bytes: int | None = None
    cpus: float | None = None

    def under(self, others: Limits) -> Limits:
        """Return these with what `others` says instead, where they say something."""
        return Limits(
            memory_bytes=self.memory_bytes if others.memory_bytes is None else others.memory_bytes,
            cpus=self.cpus if others.cpus is None else others.cpus,
        )


NO_LIMITS = Limits()
