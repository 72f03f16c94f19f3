"""Aggregates under optimistic concurrency: decided on from memory, written under the version that was read, decided anew when
that was out of date.

An aggregate is a frozen dataclass with an `id` and a `revision`. Its item holds the ids of the messages that it handled last, so
that effect, inbox and outbox are one conditional write and its messages.
"""

from shop_kit.aggregates.deciding import Stale, decide_and_record
from shop_kit.aggregates.memory import Memory

__all__ = ["Memory", "Stale", "decide_and_record"]
