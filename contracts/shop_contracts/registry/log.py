"""The topic as the registry sees it: a log that one process at a time may write to, and that everybody reads.

See docs/adr/0004-registry-writes-through-a-fenced-log.md for why it is done this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from shop_contracts.registry.records import Record


class Superseded(Exception):
    """Another process became the writer in between: nothing was written. Read what it wrote, decide again."""


class Unavailable(Exception):
    """Kafka did not answer in time, or not at all. What was asked for may or may not have happened."""


MAX_RECORD_BYTES = 999_000
"""The largest record a log takes: a little under the Kafka client's `message.max.bytes`, which is under the broker's."""


class Log(Protocol):
    """An ordered log of records with one writer at a time."""

    async def start(self, apply: Callable[[Sequence[Record]], None]) -> None:
        """Follow the log: `apply` gets every committed record once, in order, on the event loop. Returns at once."""
        ...

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that was there at the start has been applied."""
        ...

    @property
    def has_led(self) -> bool:
        """Whether this process was the writer once: then it can be again."""
        ...

    @property
    def failure(self) -> str | None:
        """Why the log cannot be used as it is (a topic that would lose records), for humans; None when all is well."""
        ...

    async def lead(self) -> None:
        """Become the writer unless this process is it already; everything written before has been applied then.

        Raises Unavailable.
        """
        ...

    async def append(self, records: Sequence[Record]) -> None:
        """Write the records, all or none of them; they are durable and applied on return.

        Of Unavailable nobody knows whether they were written. Raises Superseded, Unavailable.
        """
        ...

    async def close(self) -> None:
        """Stop reading and writing."""
        ...
