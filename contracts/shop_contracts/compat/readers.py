"""Which consumers a refusal hits, from what they declare to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shop_contracts.compat.elements import Enum, Field, Message
from shop_contracts.compat.proof import Evidence


@dataclass(frozen=True, slots=True)
class Reader:
    """A consumer of a schema, as its manifest declares it.

    `fields` are the ones it reads, as message and field name (`OrderAccepted.customer_id`); None means that it declares no more
    than the topic and so reads everything.
    """

    name: str
    fields: frozenset[str] | None = None


def hit_by(evidence: Evidence, readers: Sequence[Reader]) -> tuple[str, ...]:
    """Return the names of the readers that meet what changed, in the order they were given."""
    touched = set(_touched(evidence))
    return tuple(reader.name for reader in readers if reader.fields is None or not touched or touched & reader.fields)


def _touched(evidence: Evidence) -> Iterator[str]:
    """Yield the fields a change can be met through; none where it concerns the file or service as a whole."""
    old, new = (evidence.written, evidence.read) if evidence.writer_is == "old" else (evidence.read, evidence.written)
    schema = evidence.writer if evidence.writer_is == "old" else evidence.reader
    element = old if old is not None else new
    if isinstance(element, Field):
        yield from _names(element)
    elif isinstance(element, Message):
        yield from (f"{element.local_name}.{field.name}" for field in element.fields)
        yield from _users(schema.tree.messages.values(), element.full_name)
    elif isinstance(element, Enum):
        yield from _users(schema.tree.messages.values(), element.full_name)


def _names(field: Field) -> Iterator[str]:
    parent = field.parent
    if parent is None or not parent.is_map_entry:
        yield f"{parent.local_name}.{field.name}" if parent is not None else field.full_name
    elif parent.parent is not None:
        yield from (f"{parent.parent.local_name}.{one.name}" for one in parent.parent.fields if one.type_name == parent.full_name)


def _users(messages: Any, type_name: str) -> Iterator[str]:
    for message in messages:
        yield from (f"{message.local_name}.{field.name}" for field in message.fields if field.type_name == type_name)
