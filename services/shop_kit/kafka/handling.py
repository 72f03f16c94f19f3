"""One message from its bytes to its effect: tried while what fails may pass, buried when it is wrong, parked when nobody knows."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from confluent_kafka import Message
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from shop_kit import context
from shop_kit.errors import Invalid, Transient
from shop_kit.kafka.dead_letters import Cause, DeadLetters
from shop_kit.kafka.receiving import receive
from shop_kit.kafka.records import text_headers
from shop_kit.messages import Received, Subscription
from shop_kit.resilience.retry import Retry
from shop_kit.tracing import parent_span

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a message."""

    HANDLED = "handled"
    DEAD_LETTER = "dead-letter"
    PARKED = "parked"
    DROPPED = "dropped"
    """It could not be handled, and its group has no dead letters."""
    LEFT = "left"
    """It was waiting when its partition went to another member, or the service stopped: it comes again."""


@dataclass(frozen=True)
class Patience:
    """How long a message may be tried before it makes room for the others."""

    waiting_seconds: float = 300.0
    """For what is away, and only while it is away for this key alone: when nothing is handled, all wait."""
    unknown_seconds: float = 600.0
    """For errors that say nothing: long enough for a failover, a rotation of keys or a rollback to end."""
    evidence_seconds: float = 10.0
    """How long after a key began to fail another one must succeed, to show that the trouble is that key's."""
    attempt_seconds: float = 60.0
    """How long one try may take. Every call below has a time-out of its own, so this one ends what hangs."""
    waiting: Retry = field(default_factory=lambda: Retry(attempts=None, first_seconds=0.05, cap_seconds=2.0))
    unknown: Retry = field(default_factory=lambda: Retry(attempts=None, first_seconds=0.1, cap_seconds=15.0))


class Progress:
    """When a message was last handled, over all keys: what tells one key's trouble from everybody's."""

    def __init__(self) -> None:
        self.last_handled_at = float("-inf")

    def handled(self) -> None:
        """One more was handled, just now."""
        self.last_handled_at = _now()


@dataclass
class Failing:
    """Since when the messages of a key fail; the next of them does not get the same patience once more."""

    since: float | None = None

    def begin(self) -> float:
        """One more try failed. Returns since when they do."""
        if self.since is None:
            self.since = _now()
        return self.since


@dataclass(frozen=True)
class _Trial:
    """A message that is being tried, and what bounds it."""

    subscription: Subscription[Any]
    received: Received[Any]
    message: Message
    span: trace.Span
    failing: Failing
    places: asyncio.Semaphore
    leaving: asyncio.Event


class MessageHandler:
    """Brings messages to their subscriptions' handlers, within limits of concurrency and patience."""

    def __init__(self, *, group: str, dead_letters: DeadLetters, tracer: Tracer, patience: Patience) -> None:
        self._group = group
        self._dead_letters = dead_letters
        self._tracer = tracer
        self._patience = patience
        self._progress = Progress()

    async def handle(
        self,
        subscription: Subscription[Any],
        message: Message,
        *,
        failing: Failing,
        places: asyncio.Semaphore,
        leaving: asyncio.Event,
    ) -> Outcome:
        """Return what became of the message.

        It holds one of the `places` while it is tried, none while it waits, and waits no longer once `leaving` is set.
        """
        try:
            headers = text_headers(message)
            received = receive(
                subscription,
                value=message.value(),
                headers=headers,
                key=message.key(),
                partition=message.partition() or 0,
                offset=message.offset() or 0,
            )
        except Invalid as error:
            return await self._bury(subscription, message, Cause.INVALID, str(error), attempts=0)
        except Exception as error:  # noqa: BLE001 - bytes from outside: whatever they break, they are what is wrong
            _log.exception("a message could not be read", extra={"offset": message.offset(), "partition": message.partition()})
            return await self._bury(subscription, message, Cause.INVALID, f"{type(error).__name__}: {error}", attempts=0)
        parent = parent_span(received.headers)
        with (
            context.bind(
                correlation_id=received.correlation_id, causation_id=received.id, order_id=getattr(received.event, "order_id", None)
            ),
            self._tracer.start_as_current_span(
                f"{received.type.rpartition('.')[2]} process",
                context=trace.set_span_in_context(parent) if parent else None,
                kind=SpanKind.CONSUMER,
                attributes={
                    "messaging.system": "kafka",
                    "messaging.destination.name": received.topic,
                    "messaging.consumer.group.name": self._group,
                    "messaging.message.id": received.id,
                },
            ) as span,
        ):
            context.mark_span(span)
            trial = _Trial(subscription, received, message, span, failing, places, leaving)
            return await self._try_until_settled(trial)

    async def _try_until_settled(self, trial: _Trial) -> Outcome:
        waiting, unknown = self._patience.waiting.delays(), self._patience.unknown.delays()
        about = {"type": trial.received.type, "message_id": trial.received.id}
        attempts = 0
        while True:
            attempts += 1
            try:
                async with trial.places, asyncio.timeout(self._patience.attempt_seconds):
                    await trial.subscription.handle(trial.received)
            except Invalid as error:
                trial.span.set_status(Status(StatusCode.ERROR, str(error)))
                reason = f"{type(error).__name__}: {error}"
                return await self._bury(trial.subscription, trial.message, Cause.INVALID, reason, attempts=attempts)
            except (Transient, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                if attempts & (attempts - 1) == 0:  # the 1st, 2nd, 4th, …: a thousand keys may wait for hours
                    _log.warning("a message waits", extra={**about, "attempt": attempts, "reason": reason})
                pause, is_hopeless = next(waiting), self._is_its_own_trouble(trial.failing.begin())
            except Exception as error:  # noqa: BLE001 - the edge of the worker: whatever a handler raises must not stop the partition
                reason = f"{type(error).__name__}: {error}"
                _log.exception("a message could not be handled", extra={**about, "attempt": attempts})
                pause, is_hopeless = next(unknown), _now() - trial.failing.begin() >= self._patience.unknown_seconds
            else:
                trial.failing.since = None
                self._progress.handled()
                return Outcome.HANDLED
            if is_hopeless:
                trial.span.set_status(Status(StatusCode.ERROR, reason))
                return await self._bury(trial.subscription, trial.message, Cause.PARKED, reason, attempts=attempts)
            if await _is_set_within(trial.leaving, pause):
                return Outcome.LEFT

    def _is_its_own_trouble(self, since: float) -> bool:
        """Whether this key has waited long while others were handled: then it makes room. When all wait, nobody is at fault."""
        return (
            _now() - since >= self._patience.waiting_seconds
            and self._progress.last_handled_at >= since + self._patience.evidence_seconds
        )

    async def _bury(
        self, subscription: Subscription[Any], message: Message, cause: Cause, reason: str, *, attempts: int
    ) -> Outcome:
        if not subscription.dead_letters:
            _log.error("a message is dropped", extra={"topic": message.topic(), "offset": message.offset(), "reason": reason})
            return Outcome.DROPPED
        if not await self._dead_letters.bury(message, cause=cause, reason=reason, attempts=attempts):
            return Outcome.DROPPED
        return Outcome.DEAD_LETTER if cause is Cause.INVALID else Outcome.PARKED


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
