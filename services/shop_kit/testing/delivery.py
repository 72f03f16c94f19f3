"""Deliveries as Kafka may make them: at least once, in order within a key when first seen, and again at any later time."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def redelivered(messages: Sequence[T], *, key: Callable[[T], Hashable], seed: int) -> list[T]:
    """Return each message twice: keys interleaved, each key's first deliveries in order, repetitions anywhere after the first."""
    rng = random.Random(seed)  # noqa: S311  # nosec B311 # a test's shuffle is no secret
    waiting: dict[Hashable, list[T]] = {}
    for message in messages:
        waiting.setdefault(key(message), []).append(message)
    delivered: list[T] = []
    again: list[T] = []
    while waiting or again:
        if again and (not waiting or rng.random() < 0.4):
            delivered.append(again.pop(rng.randrange(len(again))))
            continue
        chosen = rng.choice(list(waiting))
        message = waiting[chosen].pop(0)
        if not waiting[chosen]:
            del waiting[chosen]
        delivered.append(message)
        again.append(message)
    return delivered
