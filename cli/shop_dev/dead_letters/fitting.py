"""Whether a letter fits the schema that its topic has now: what a redrive would meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import unknown_fields
from google.protobuf.message import Message

from shop_dev.kafka.schemas import NotOfThisSchema, ProtobufSchema, Schema, SchemaNotThere, Schemas


@dataclass(frozen=True)
class Fit:
    """A message as the schema of now reads it; `fault` says what keeps it from being understood, None: nothing."""

    fault: str | None
    content: Mapping[str, Any] | None = None


class LatestSchemas:
    """The schemas that topics have now, asked for once each."""

    def __init__(self, registry_url: str) -> None:
        self._schemas = Schemas(registry_url)
        self._latest: dict[str, Schema | SchemaNotThere] = {}

    def fit(self, topic: str, value: bytes | None) -> Fit:
        """Read a record's value with the latest schema of its topic."""
        if value is None:
            return Fit("it has no value")
        schema = self._of(topic)
        if isinstance(schema, SchemaNotThere):
            return Fit(str(schema))
        try:
            content = cast("Mapping[str, Any]", schema.read(value))
            return Fit(_fault(schema.message(value)) if isinstance(schema, ProtobufSchema) else None, content)
        except NotOfThisSchema as error:
            return Fit(f"its bytes are no message of this topic: {error}")

    def _of(self, topic: str) -> Schema | SchemaNotThere:
        if topic not in self._latest:
            try:
                self._latest[topic] = self._schemas.latest(topic)
            except SchemaNotThere as error:
                self._latest[topic] = error
        return self._latest[topic]


def _fault(message: Message) -> str | None:
    fields = unknown_fields.UnknownFieldSet(message)
    unknown = [fields[at].field_number for at in range(len(fields))]
    if unknown:
        return f"it has fields that this schema does not know: {', '.join(map(str, unknown))}"
    missing = [name for name in message.DESCRIPTOR.oneofs_by_name if not name.startswith("_") and message.WhichOneof(name) is None]
    return f"no {missing[0]} is set that this schema knows" if missing else None
