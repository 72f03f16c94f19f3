"""Kafka topics."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shop_sandbox.manifest.form.values import CheckoutPath, Form, PositiveInt, TopicName


class ProducedTopic(Form, frozen=True, kw_only=True):
    """A Kafka topic the service owns: it alone produces to it. Its schema is registered as `<name>-value`."""

    name: TopicName
    schema: Annotated[
        CheckoutPath,
        Meta(description="Schema of the message: Protobuf (`.proto`), Avro (`.avsc`) or JSON Schema (`.json`), by its ending."),
    ]
    message: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$",
                description="Full name of the one message of a topic in Protobuf, as in `shop.orders.v1.OrderEvent`.",
            ),
        ]
        | None
    ) = None
    partitions: Annotated[int, Meta(ge=1, le=200, description="Partitions. May grow later, never shrink.")] = 3
    retention_hours: (
        Annotated[PositiveInt, Meta(description="How long records are kept. The broker's setting (7 days) when left out.")] | None
    ) = None
    cleanup: Annotated[
        Literal["delete", "compact", "compact,delete"],
        Meta(description="`delete` drops old records, `compact` keeps the newest of each key."),
    ] = "delete"
    config: Annotated[
        dict[str, str],
        Meta(description="Any other topic setting under Kafka's own name, as in `max.message.bytes`."),
    ] = msgspec.field(default_factory=dict)


class ConsumedTopic(Form, frozen=True, kw_only=True):
    """A Kafka topic the service reads. Records it cannot handle go to `<name>.<group>.dlq`, unless `deadLetter` is false."""

    name: TopicName
    group: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$", description="Consumer group.")]
    released_in: (
        Annotated[
            str,
            Meta(
                pattern="^[^/\\\\][^\\\\]*$",
                description="Of a topic that another repository produces: the folder (`baselines`) of its released contracts, or a "
                "copy of it, relative to the root of this checkout. Then no service here need produce the topic: where none does, "
                "the sandbox makes it, by its newest released schema.",
            ),
        ]
        | None
    ) = None
    dead_letter: Annotated[bool, Meta(description="Whether there is a dead-letter topic for this consumer.")] = True
    reads: (
        Annotated[
            tuple[
                Annotated[
                    str,
                    Meta(
                        pattern="^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\??$",
                        description="A path of field names, as in `stock_reserved.lines.sku`.",
                    ),
                ],
                ...,
            ],
            Meta(
                description="The fields it reads, as paths from the topic's message on: `order_id`, `stock_reserved.lines.sku`. A "
                "kind alone (`stock_committed`) is one it reacts to. `contracts check` proves that producers fill them in every "
                "such message, and of Avro and JSON Schemas that every released version promises them; one with a `?` at its end "
                "may be empty in some. Left out: it counts as reading everything."
            ),
        ]
        | None
    ) = None


class Topics(Form, frozen=True, kw_only=True):
    """Kafka topics produced and consumed."""

    produces: tuple[ProducedTopic, ...] = ()
    consumes: tuple[ConsumedTopic, ...] = ()
