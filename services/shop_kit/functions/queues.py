"""A Lambda function on SQS: handles a batch, has published what it committed before it returns, and names what is to come again.

    async def compose(service: Service, settings: NotificationsSettings) -> Handle:
        store = await service.kafka_and_table(…)
        return partial(send_mail, store)

    handler = queue_function("notifications", NotificationsSettings, compose)

Messages of a batch are handled side by side; those of a FIFO queue's group one after another, and behind one that failed none.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from shop_kit import context
from shop_kit.errors import Transient
from shop_kit.logs import configure_logging
from shop_kit.resilience import deadline
from shop_kit.runtime import ServiceSettings
from shop_kit.service import Service
from shop_kit.settings import read_settings
from shop_kit.shutdown import Shutdown
from shop_kit.tracing import otlp_exporter, parent_span, tracer_provider

_log = logging.getLogger(__name__)

PUBLISH_SECONDS = 5.0
"""Kept of each invocation's time for publishing what was committed; never more than a third of it."""
SPANS_MILLISECONDS = 500


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message of a queue. `id` is the same however often it is delivered; `group` is there on FIFO queues."""

    id: str
    queue: str
    body: str
    attributes: Mapping[str, str]
    group: str | None
    deliveries: int

    @property
    def identity(self) -> str:
        """What tells it from every other message, for the inbox."""
        return f"{self.queue}#{self.id}"


class Remaining(Protocol):
    """What Lambda tells of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long it may still take."""
        ...


Handle = Callable[[QueueMessage], Awaitable[None]]
S = TypeVar("S", bound=ServiceSettings)
Compose = Callable[[Service, S], Awaitable[Handle]]


def queue_function(
    name: str, settings_type: type[S], compose: Compose[S], *, environ: Mapping[str, str] | None = None
) -> QueueFunction:
    """Return what a manifest names as a function's `handler`. Nothing is read or connected before its first event."""
    return QueueFunction(name, settings_type, compose, environ)


class _Record(msgspec.Struct, rename="camel"):
    message_id: str
    body: str
    event_source_a_r_n: str = msgspec.field(name="eventSourceARN", default="")
    attributes: dict[str, str] = {}
    message_attributes: dict[str, dict[str, Any]] = {}


class _Event(msgspec.Struct):
    records: list[_Record] = msgspec.field(name="Records")


class QueueFunction:
    """One environment of a function: composed at its first event, kept over all that follow."""

    def __init__(self, name: str, settings_type: type[Any], compose: Compose[Any], environ: Mapping[str, str] | None) -> None:
        self._name = name
        self._settings_type = settings_type
        self._compose = compose
        self._environ = environ
        self._runner: asyncio.Runner | None = None
        self._handler: BatchHandler | None = None
        self._entered = AsyncExitStack()

    def __call__(self, event: Mapping[str, Any], invocation: Remaining) -> dict[str, Any]:
        """Handle a batch. Returns the ids of messages that are to come again, as Lambda wants them told."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self._handle(event, invocation))

    def close(self) -> None:
        """End what was composed; Lambda itself never asks for it."""
        if self._runner is not None:
            self._runner.run(self._entered.aclose())
            self._runner.close()

    async def _handle(self, event: Mapping[str, Any], invocation: Remaining) -> dict[str, Any]:
        if self._handler is None:
            self._handler = await self._start()
        messages = [_message(record) for record in msgspec.convert(event, _Event).records]
        seconds = invocation.get_remaining_time_in_millis() / 1000
        failed = await self._handler.handle(messages, seconds=seconds)
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}

    async def _start(self) -> BatchHandler:
        settings = read_settings(self._settings_type, os.environ if self._environ is None else self._environ)
        configure_logging(self._name, settings.runtime.log_level)
        provider = tracer_provider(self._name, otlp_exporter(settings.runtime.otel_exporter_otlp_endpoint))
        service = Service(
            self._name,
            settings.runtime,
            tracer=provider.get_tracer("shop_kit"),
            shutdown=Shutdown(settings.runtime.shutdown_grace_seconds),
            entered=self._entered,
        )
        handle = await self._compose(service, settings)
        return BatchHandler(service, handle, flush_spans=lambda: provider.force_flush(SPANS_MILLISECONDS))


class BatchHandler:
    """Handles batches with what was composed."""

    def __init__(self, service: Service, handle: Handle, *, flush_spans: Callable[[], object]) -> None:
        self._service = service
        self._handle = handle
        self._flush_spans = flush_spans

    async def handle(self, messages: Sequence[QueueMessage], *, seconds: float) -> list[QueueMessage]:
        """Return the messages that are to come again. What was committed is published before, or all of them come again.

        That is harmless: the inbox knows those that had their effect, and publishing is tried anew.
        """
        for_publishing = min(PUBLISH_SECONDS, seconds / 3)
        lanes: dict[str, list[QueueMessage]] = {}
        for message in messages:
            lanes.setdefault(message.group or message.id, []).append(message)
        try:
            async with deadline.within(seconds - for_publishing):
                failed = [one for lane in await asyncio.gather(*map(self._run_lane, lanes.values())) for one in lane]
        except TimeoutError:
            _log.error("a batch took too long", extra={"messages": len(messages)})
            failed = [*messages]
        try:
            await self._service.settle(for_publishing)
        except Transient as error:
            _log.warning("what was committed is not published yet", extra={"reason": str(error)})
            failed = [*messages]
        await asyncio.to_thread(self._flush_spans)
        return failed

    async def _run_lane(self, messages: Sequence[QueueMessage]) -> Sequence[QueueMessage]:
        """Handle messages one after another. Returns the first that failed and all behind it."""
        for place, message in enumerate(messages):
            if not await self._handle_one(message):
                return messages[place:]
        return ()

    async def _handle_one(self, message: QueueMessage) -> bool:
        parent = parent_span(message.attributes)
        about = {"message_id": message.id, "deliveries": message.deliveries}
        with (
            context.bind(correlation_id=message.attributes.get("correlationid"), causation_id=message.id),
            self._service.tracer.start_as_current_span(
                f"{message.queue.rpartition(':')[2]} process",
                context=trace.set_span_in_context(parent) if parent else None,
                kind=SpanKind.CONSUMER,
                attributes={"messaging.system": "aws_sqs", "messaging.message.id": message.id},
            ) as span,
        ):
            try:
                await self._handle(message)
            except Transient as error:
                _log.warning("a message waits", extra={**about, "reason": str(error)})
                span.set_status(Status(StatusCode.ERROR, str(error)))
            except Exception as error:  # noqa: BLE001 - the edge of the worker: the queue counts, and buries after `maxReceives`
                _log.exception("a message could not be handled", extra=about)
                span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            else:
                return True
        return False


def _message(record: _Record) -> QueueMessage:
    given = {name: str(value.get("stringValue") or "") for name, value in record.message_attributes.items()}
    return QueueMessage(
        id=record.message_id,
        queue=record.event_source_a_r_n,
        body=record.body,
        attributes=given,
        group=record.attributes.get("MessageGroupId"),
        deliveries=int(record.attributes.get("ApproximateReceiveCount", "1")),
    )
