"""Which consumers a refusal hits, from what they declare to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shop_contracts.compat.elements import Enum, Field, Message
from shop_contracts.compat.proof import Evidence
from shop_contracts.compat.schema import Schema


@dataclass(frozen=True, slots=True)
class Reader:
    """A consumer of a schema, as its manifest declares it.

    `fields` are the ones it reads, as message and field name (`OrderAccepted.customer_id`); None means that it declares no more
    than the topic and so reads everything.
    """

    name: str
    fields: frozenset[str] | None = None


class Readers:
    """The readers of a schema, to be asked about one refusal after another: what concerns one element is worked out once."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers
        self._hit: dict[tuple[int, int], tuple[str, ...]] = {}

    def by(self, evidence: Evidence) -> tuple[str, ...]:
        """Return the names of the readers that meet what changed, in the order they were given."""
        if not self._readers:
            return ()
        old, new = (evidence.written, evidence.read) if evidence.writer_is == "old" else (evidence.read, evidence.written)
        schema = evidence.writer if evidence.writer_is == "old" else evidence.reader
        element = old if old is not None else new
        key = (id(schema), id(element))
        if key not in self._hit:
            touched = frozenset(_touched(element, schema))
            self._hit[key] = tuple(
                reader.name for reader in self._readers if reader.fields is None or not touched or touched & reader.fields
            )
        return self._hit[key]


def _touched(element: Any, schema: Schema) -> Iterator[str]:
    """Yield the fields a change can be met through; none where it concerns the file or service as a whole."""
    if isinstance(element, Field):
        yield from _names(element)
    elif isinstance(element, Message):
        yield from (f"{element.local_name}.{field.name}" for field in element.fields)
    if isinstance(element, Message | Enum):
        for field in schema.tree.fields_by_type.get(element.full_name, ()):
            yield f"{field.parent.local_name}.{field.name}" if field.parent is not None else field.full_name


def _names(field: Field) -> Iterator[str]:
    parent = field.parent
    if parent is None or not parent.is_map_entry:
        yield f"{parent.local_name}.{field.name}" if parent is not None else field.full_name
    elif parent.parent is not None:
        holders = parent.file.tree.fields_by_type.get(parent.full_name, ())
        yield from (f"{parent.parent.local_name}.{one.name}" for one in holders if one.parent is parent.parent)
