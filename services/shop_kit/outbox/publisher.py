"""Publishes what a process has committed, in the order of each key, and what others have left behind.

Every message goes through here, whether it was just committed or found in the table; so nothing can overtake. A key's messages
carry a gapless `sequence`: one whose predecessor was not acknowledged here lets the table be asked for what comes before it, and
that is published first. Of a key and a topic one message is under way at a time; keys go side by side, and one that Kafka does not
take holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Protocol

from shop_kit.errors import Transient, Unavailable
from shop_kit.kafka.producer import MessageRefused
from shop_kit.messages import OutgoingMessage
from shop_kit.metrics import Metrics
from shop_kit.parts import Parts, running
from shop_kit.resilience.retry import Retry

_log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 2.0
ABANDONED_AFTER_SECONDS = 3.0
"""What is this old and not held here was left by a process that died (or stalls: then it is published twice, which is allowed)."""
BLOCKED_SECONDS = 2.0
LOOKS_TO_SKIP = 15
"""While nothing is acknowledged, what others left could not be published either: the table is read ever so seldom."""
REMOVE_AFTER_SECONDS = 0.25
REMOVE_AT_ONCE = 25
MOST_HELD = 10_000
"""Messages in memory while Kafka is slow. What comes on top stays in the table and is found there."""
REMEMBERED = 20_000
REFUSED_SECONDS = 30.0
"""How long a key rests whose message Kafka refuses: whoever runs the service must make a topic, or give a right."""


class OutboxTable(Protocol):
    """Where messages wait to be published."""

    async def before(self, message: OutgoingMessage) -> Sequence[OutgoingMessage]:
        """Return what is there of the same key with a lower sequence, lowest first."""
        ...

    def left_behind(self, *, seconds: float) -> AsyncGenerator[Sequence[OutgoingMessage], None]:
        """Yield page after page what was written at least `seconds` ago."""
        ...

    async def remove(self, messages: Collection[OutgoingMessage]) -> None:
        """Remove up to REMOVE_AT_ONCE published messages."""
        ...


class Sender(Protocol):
    """Publishes one message."""

    def send(self, message: OutgoingMessage) -> asyncio.Future[None]:
        """Hand a message over and get a future for its acknowledgement (Transient, MessageRefused)."""
        ...


class Publisher:
    """Brings messages from a table to Kafka and removes them from the table."""

    def __init__(self, table: OutboxTable, sender: Sender, metrics: Metrics) -> None:
        self._table = table
        self._sender = sender
        self._parts: Parts | None = None
        self._waiting: dict[str, deque[OutgoingMessage]] = {}  # by key
        self._unpublished: OrderedDict[str, float] = OrderedDict()  # by id, since when it is held here; oldest first
        self._idle = asyncio.Event()
        self._idle.set()
        self._published: asyncio.Queue[OutgoingMessage] = asyncio.Queue()
        self._published_ids: OrderedDict[str, None] = OrderedDict()  # still in the table, or removed not long ago
        self._last: OrderedDict[str, int] = OrderedDict()  # by key, up to where all is acknowledged
        self._acknowledged_at = float("-inf")
        self._skipped = 0
        self._count = metrics.counter("shop_outbox_published_total", "Messages published from the outbox.")
        metrics.gauge("shop_outbox_waiting", "Messages held here and not yet published.", lambda: float(len(self._unpublished)))

    @asynccontextmanager
    async def publishing(self, drain_seconds: Callable[[], float]) -> AsyncIterator[None]:
        """Publish within the block; at its end what is held is published and removed, if that takes no longer than allowed."""
        async with running(outbox_remover=self._remove, outbox_recovery=self._recover) as self._parts:
            try:
                yield
            finally:
                with suppress(TimeoutError):
                    async with asyncio.timeout(drain_seconds()):
                        await self._idle.wait()
                        await self._published.join()
                self._parts.cancel()

    async def settle(self, seconds: float) -> None:
        """Return when everything held here is published and removed. Raises Unavailable when that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
                await self._published.join()
        except TimeoutError as error:
            held = len(self._unpublished)
            raise Unavailable("outbox", f"{held} messages are not published after {seconds:g} s") from error

    def offer(self, message: OutgoingMessage) -> bool:
        """Hold a committed message and publish it in its turn. False when there is no room: then it is found in the table."""
        if message.id in self._unpublished or message.id in self._published_ids:
            return True
        if self._parts is None or len(self._unpublished) >= MOST_HELD:
            return False
        self._unpublished[message.id] = _now()
        waiting = self._waiting.get(message.key)
        if waiting is None:
            self._waiting[message.key] = deque([message])
            self._idle.clear()
            self._parts.begin(self._publish_key(message.key))
        else:
            waiting.append(message)
        return True

    async def _publish_key(self, key: str) -> None:
        waiting = self._waiting[key]
        waits = Retry.patient().delays()
        while waiting:
            try:
                await self._publish_next(waiting)
            except Transient as error:
                _log.warning("the outbox waits", extra={"key": key, "reason": str(error)})
                await asyncio.sleep(next(waits))
            except MessageRefused as error:
                _log.error("kafka refuses a message of the outbox", extra={"key": key, "reason": str(error)})
                await asyncio.sleep(REFUSED_SECONDS)
        del self._waiting[key]
        if not self._waiting:
            self._idle.set()

    async def _publish_next(self, waiting: deque[OutgoingMessage]) -> None:
        """Publish the first message that waits with all that comes before it, and those that follow directly upon it."""
        first = waiting[0]
        due = [first]
        if first.sequence > 1 and self._last.get(first.key, 0) < first.sequence - 1:
            due = [*await self._table.before(first), first]
        for message in waiting:
            if message.sequence == due[-1].sequence + 1:
                due.append(message)
        await self._send([message for message in due if message.id not in self._published_ids])
        self._last[first.key] = max(self._last.pop(first.key, 0), due[-1].sequence)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        rest = [message for message in waiting if message.id not in self._published_ids]
        waiting.clear()
        waiting.extend(rest)

    async def _send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish messages of one key: topics side by side, each topic's messages one after another. Raises the first failure."""
        by_topic: dict[str, list[OutgoingMessage]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        if len(by_topic) == 1:  # nearly always: no task is needed for it
            await self._send_one_by_one(messages)
            return
        outcomes = await asyncio.gather(*map(self._send_one_by_one, by_topic.values()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_one_by_one(self, messages: Sequence[OutgoingMessage]) -> None:
        for message in messages:
            await self._sender.send(message)
            self._acknowledged_at = _now()
            self._unpublished.pop(message.id, None)
            self._published_ids[message.id] = None
            if len(self._published_ids) > REMEMBERED:
                self._published_ids.popitem(last=False)
            self._published.put_nowait(message)
            self._count.add()

    async def _remove(self) -> None:
        waits = Retry.patient().delays()
        while True:
            messages = [await self._published.get()]
            with suppress(TimeoutError):
                async with asyncio.timeout(REMOVE_AFTER_SECONDS):
                    while len(messages) < REMOVE_AT_ONCE:
                        messages.append(await self._published.get())
            while True:
                try:
                    await self._table.remove(messages)
                    break
                except Transient as error:
                    _log.warning("published messages could not be removed yet", extra={"reason": str(error)})
                    await asyncio.sleep(next(waits))
            for _ in messages:
                self._published.task_done()

    async def _recover(self) -> None:
        """Publish what others left: everything at the start, later what is older than a living process would leave it."""
        seconds = 0.0
        while True:
            try:
                if not self._is_blocked():
                    await self._take_in_what_was_left(seconds)
                    seconds = ABANDONED_AFTER_SECONDS
            except Transient as error:
                _log.warning("the outbox could not be read", extra={"reason": str(error)})
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _take_in_what_was_left(self, seconds: float) -> None:
        count = 0
        async with aclosing(self._table.left_behind(seconds=seconds)) as pages:
            async for page in pages:
                for message in page:
                    if message.id in self._unpublished or message.id in self._published_ids:
                        continue
                    if not self.offer(message):
                        return
                    count += 1
        if count:
            _log.warning("publishing messages that were left behind", extra={"count": count})

    def _is_blocked(self) -> bool:
        if not self._unpublished or self._skipped >= LOOKS_TO_SKIP:
            self._skipped = 0
            return False
        oldest = next(iter(self._unpublished.values()))
        is_blocked = _now() - max(oldest, self._acknowledged_at) > BLOCKED_SECONDS
        self._skipped = self._skipped + 1 if is_blocked else 0
        return is_blocked


def _now() -> float:
    return asyncio.get_running_loop().time()
