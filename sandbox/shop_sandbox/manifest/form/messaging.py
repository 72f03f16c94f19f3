"""SQS queues and SNS topics."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shop_sandbox.manifest.form.values import CheckoutPath, Form, NotificationName, QueueName


class QueueDeadLetter(Form, frozen=True, kw_only=True):
    """When a message is given up: it moves to the queue `<name>-dlq`."""

    max_receives: Annotated[int, Meta(ge=1, le=1000, description="Deliveries before it moves.")] = 5


class Subscription(Form, frozen=True, kw_only=True):
    """An SNS topic that delivers into this queue."""

    notification: Annotated[NotificationName, Meta(description="The SNS topic, of this service or another.")]
    filter: Annotated[
        dict[str, tuple[str | int | bool | dict[str, Any], ...]],
        Meta(description="Filter policy on message attributes: for each attribute the values (or matchers) that pass."),
    ] = msgspec.field(default_factory=dict)
    raw: Annotated[bool, Meta(description="Deliver the message as it was published, without SNS's JSON around it.")] = True


class Queue(Form, frozen=True, kw_only=True):
    """An SQS queue. It has a dead-letter queue unless `deadLetter` is null."""

    name: QueueName
    schema: (
        Annotated[
            CheckoutPath,
            Meta(description="Schema of the body: Protobuf (`.proto`), Avro (`.avsc`) or JSON Schema (`.json`), by its ending."),
        ]
        | None
    ) = None
    visibility_timeout_seconds: Annotated[
        int, Meta(ge=0, le=43200, description="How long a received message stays hidden from other receivers.")
    ] = 30
    retention_hours: Annotated[int, Meta(ge=1, le=336, description="How long a message is kept.")] = 96
    dead_letter: QueueDeadLetter | None = QueueDeadLetter()
    subscriptions: Annotated[tuple[Subscription, ...], Meta(description="SNS topics that deliver into it.")] = ()


class Notification(Form, frozen=True, kw_only=True):
    """An SNS topic."""

    name: NotificationName
    schema: (
        Annotated[
            CheckoutPath,
            Meta(description="Schema of the message: Protobuf (`.proto`), Avro (`.avsc`) or JSON Schema (`.json`), by its ending."),
        ]
        | None
    ) = None
