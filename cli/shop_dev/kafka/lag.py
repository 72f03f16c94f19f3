"""Who is behind, and what may be the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shop_dev.kafka.survey import GroupPosition, Reads, look, with_ages

LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Lag:
    """A group that is behind on a topic, and what is known of the services at both ends.

    `restarts` names those that were started again in this sandbox, with how often.
    """

    position: GroupPosition
    restarts: tuple[tuple[str, int], ...]

    @property
    def age_seconds(self) -> float | None:
        """How long the oldest record has waited."""
        return None if self.position.oldest_at is None else max(0.0, time.time() - self.position.oldest_at)


@dataclass(frozen=True)
class Lags:
    """All groups; those that are not behind only count."""

    behind: Sequence[Lag]
    level: int


def lags(servers: str, *, reads: Iterable[Reads], writers: Mapping[str, Sequence[str]], restarts: Mapping[str, int]) -> Lags:
    """Look at all groups of a Kafka: those it knows, and those that are to read.

    `writers` names by topic the services that write it, `restarts` counts by service. Raises ShopDevError (kafka_away).
    """
    survey = look(servers)
    positions = survey.positions(reads)
    behind = [
        Lag(one, _restarted((one.group, *writers.get(one.topic, ())), restarts))
        for one in with_ages(servers, survey, [position for position in positions if position.behind])
    ]
    return Lags(behind, len(positions) - len(behind))


def _restarted(names: Iterable[str], restarts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, restarts[name]) for name in dict.fromkeys(names) if restarts.get(name))


def watched(take: Callable[[], Lags], *, pause: Callable[[float], object] = time.sleep) -> Iterator[Lags]:
    """Give what was found, then again each time it has changed. Without end."""
    before: list[tuple[str, str, int]] | None = None
    while True:
        found = take()
        now = [(one.position.group, one.position.topic, one.position.behind) for one in found.behind]
        if now != before:
            yield found
        before = now
        pause(LOOK_AGAIN_SECONDS)
