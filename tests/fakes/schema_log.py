"""A log in memory that any number of registries share, with Kafka's rule that only the newest writer may commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from shop_contracts.registry.log import Superseded, Unavailable
from shop_contracts.registry.records import Record


class SharedTopic:
    """What the registries of one test have in common. `is_away` makes every write fail as if Kafka did not answer."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.epoch = 0
        self.is_away = False
        self.commits = 0

    def compacted(self) -> list[Record]:
        """The records that compaction leaves: the last of each key, in order; removed keys are gone."""
        last = {record.key: position for position, record in enumerate(self.records)}
        return [r for position, r in enumerate(self.records) if last[r.key] == position and r.value is not None]


class FakeLog:
    """See `shop_contracts.registry.log.Log`. A follower reads only in `lead` and after its own writes, as late as it may."""

    def __init__(self, topic: SharedTopic) -> None:
        self._topic = topic
        self._apply: Callable[[Sequence[Record]], None] = lambda _: None
        self._read = 0
        self._epoch = -1
        self.is_caught_up = False
        self.has_led = False
        self.failure: str | None = None

    async def start(self, apply: Callable[[Sequence[Record]], None]) -> None:
        self._apply = apply
        self.catch_up()
        self.is_caught_up = self.has_led = True

    def catch_up(self) -> None:
        """Apply what is there."""
        batch, self._read = self._topic.records[self._read :], len(self._topic.records)
        if batch:
            self._apply(batch)

    async def lead(self) -> None:
        self._check_reachable()
        if self._epoch != self._topic.epoch:
            self._topic.epoch += 1
            self._epoch = self._topic.epoch
        self.catch_up()

    async def append(self, records: Sequence[Record]) -> None:
        await asyncio.sleep(0)  # a commit takes its time; others may ask meanwhile
        self._check_reachable()
        if self._epoch != self._topic.epoch:
            raise Superseded("another writer took over")
        self._topic.records += records
        self._topic.commits += 1
        self.catch_up()

    def _check_reachable(self) -> None:
        if self._topic.is_away:
            raise Unavailable("Kafka does not answer")

    async def close(self) -> None:
        self.is_caught_up = False
