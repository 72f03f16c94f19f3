"""A message of one's own, put into a topic as a service would: checked against its schema, with the headers that services give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shop_kit import context
from shop_kit.errors import Unavailable
from shop_kit.kafka.reading import SECONDS, reading
from shop_kit.kafka.records import RawHeaders
from shop_kit.kafka.sending import RawRecord, send

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.kafka.away import away
from shop_dev.kafka.records import unknown_topic
from shop_dev.kafka.schemas import NotOfThisSchema, ProtobufSchema, Schema, SchemaNotThere, Schemas

SOURCE = "/shop-dev/produce"


@dataclass(frozen=True)
class Outcome:
    """Where a message went."""

    topic: str
    partition: int
    offset: int
    schema_id: int | None


def documents(text: str) -> Iterator[object]:
    """Give the JSON documents of a text, with or without line ends between them. Raises ShopDevError (message_invalid)."""
    decoder, at = json.JSONDecoder(), 0
    while rest := text[at:].lstrip():
        at = len(text) - len(rest)
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ShopDevError(
                CliCode.MESSAGE_INVALID, f"What was given is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from error
        yield document


def produce(
    servers: str, registry_url: str, topic: str, contents: Sequence[object], *, key: str | None, headers: Mapping[str, str]
) -> list[Outcome]:
    """Check all messages, then send them. Raises ShopDevError (message_invalid, topic_unknown, kafka_away): the first two before
    anything is sent."""
    schema = _schema(Schemas(registry_url), topic)
    values = [_value(schema, topic, content, number) for number, content in enumerate(contents, 1)]
    try:
        with reading(servers) as client:
            known = client.list_topics(timeout=SECONDS).topics
        if topic not in known:
            raise unknown_topic(topic, known)
        sent = send(
            servers,
            [RawRecord(topic, None if key is None else key.encode(), value, _headers(schema, value, headers)) for value in values],
        )
    except Unavailable as error:
        raise away(error) from error
    schema_id = schema.id if schema is not None else None
    return [Outcome(topic, message.partition() or 0, message.offset() or 0, schema_id) for message in sent]


def _schema(schemas: Schemas, topic: str) -> Schema | None:
    try:
        return schemas.latest(topic)
    except SchemaNotThere as error:
        if error.is_certain:
            return None
        raise ShopDevError(CliCode.KAFKA_AWAY, f"{error}.") from error


def _value(schema: Schema | None, topic: str, content: object, number: int) -> bytes:
    if schema is None:
        return json.dumps(content).encode()
    try:
        return schema.write(content)
    except NotOfThisSchema as error:
        raise ShopDevError(
            CliCode.MESSAGE_INVALID,
            f"Message {number} does not fit schema {schema.id} of {topic}: {error}.",
            actions=(f"shop-dev peek {topic} --json shows what messages look like",),
        ) from error


def _headers(schema: Schema | None, value: bytes, further: Mapping[str, str]) -> RawHeaders:
    """Return what the shop's services put beside a message (CloudEvents' Kafka binding), for other kinds nothing but an id.

    `further` adds to it, or takes its place.
    """
    from shop_kit.messages import outgoing

    if isinstance(schema, ProtobufSchema):
        usual = outgoing("", "", schema.message(value), source=SOURCE, sequence=1).headers
    else:
        usual = {"ce_id": context.new_id(), "ce_source": SOURCE}
    return [(name, told.encode()) for name, told in {**usual, **further}.items()]
