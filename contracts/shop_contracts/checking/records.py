"""Records made up from a descriptor: whatever a version of a producer may have sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from shop_contracts.checking.content import Needed

Observed = Mapping[str, Sequence[Any]]
"""Full name of a scalar field to values that real producers give it."""
_DEEPEST = 5
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
_BITS_32 = frozenset(
    {
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_SINT32,
        FieldDescriptor.TYPE_FIXED32,
        FieldDescriptor.TYPE_SFIXED32,
    }
)


@st.composite
def records(draw: st.DrawFn, cls: type[Message], *, kind: str | None, needed: Needed, observed: Observed) -> Message:
    """A message of a class with `kind` set in its `oneof kind` and what is `needed` filled; anything else is there or not.

    Numbers are positive and enums named, as producers send them; a text that a real producer was seen to send is taken from what it
    sends, so that a currency is a currency.
    """
    record = cls()
    _fill(draw, record, {**needed, **({kind: needed.get(kind, {})} if kind else {})}, observed, depth=0, kind=kind)
    return record


def observe(messages: Iterable[Message]) -> dict[str, list[Any]]:
    """The texts and bytes that messages hold, by the full name of their field."""
    seen: dict[str, list[Any]] = {}
    for message in messages:
        for name, value in _texts(message):
            if value not in seen.setdefault(name, []):
                seen[name].append(value)
    return seen


def is_filled(message: Message, steps: Sequence[str], *, anywhere: bool) -> bool:
    """Whether a path of fields is filled: in every element of every list on the way, or, with `anywhere`, in at least one."""
    field = message.DESCRIPTOR.fields_by_name[steps[0]]
    value = getattr(message, steps[0])
    if _is_map(field):
        elements = list(value.values())
    elif field.is_repeated:
        elements = list(value)
    else:
        elements = [value] if _is_set(message, field) else []
    if len(steps) == 1 or not elements:
        return bool(elements)
    found = [is_filled(element, steps[1:], anywhere=anywhere) for element in elements]
    return any(found) if anywhere else all(found)


def _fill(draw: st.DrawFn, record: Message, needed: Needed, observed: Observed, *, depth: int, kind: str | None) -> None:
    described: Any = record.DESCRIPTOR
    chosen = {oneof.name: _member(draw, oneof, needed, kind) for oneof in described.oneofs}
    for field in described.fields:
        oneof = field.containing_oneof
        must = field.name in needed
        if oneof is not None and chosen[oneof.name] != field.name:
            continue
        if not must and oneof is None and (depth >= _DEEPEST or not draw(st.booleans())):
            continue
        _set(draw, record, field, needed.get(field.name, {}), observed, depth=depth)


def _member(draw: st.DrawFn, oneof: Any, needed: Needed, kind: str | None) -> str | None:
    names: list[str] = [field.name for field in oneof.fields]
    if kind in names:
        return kind
    wanted = [name for name in names if name in needed]
    choices: list[str | None] = [None, *names]
    return wanted[0] if wanted else draw(st.sampled_from(choices))


def _set(draw: st.DrawFn, record: Message, field: Any, needed: Needed, observed: Observed, *, depth: int) -> None:
    if _is_map(field):
        key, inner = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        target = getattr(record, field.name)
        for _ in range(draw(st.integers(1, 2))):
            name = draw(_scalar(key, observed))
            if inner.message_type is not None:
                _fill(draw, target[name], needed, observed, depth=depth + 1, kind=None)
            else:
                target[name] = draw(_scalar(inner, observed))
    elif field.is_repeated:
        target = getattr(record, field.name)
        for _ in range(draw(st.integers(1, 3))):
            if field.message_type is not None:
                _fill(draw, target.add(), needed, observed, depth=depth + 1, kind=None)
            else:
                target.append(draw(_scalar(field, observed)))
    elif field.message_type is not None:
        inner = getattr(record, field.name)
        inner.SetInParent()
        if depth < _DEEPEST:
            _fill(draw, inner, needed, observed, depth=depth + 1, kind=None)
    else:
        setattr(record, field.name, draw(_scalar(field, observed)))


def _scalar(field: Any, observed: Observed) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return st.sampled_from([number for number in numbers if number] or numbers)
    if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}:
        if observed.get(field.full_name):
            return st.sampled_from(list(observed[field.full_name]))
        text = st.text(_LETTERS, min_size=1, max_size=12)
        return text if field.type == FieldDescriptor.TYPE_STRING else text.map(str.encode)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type in {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}:
        return st.floats(0.5, 10_000, width=32)
    return st.integers(1, 10_000 if field.type in _BITS_32 else 1_000_000_000_000)


def _texts(message: Message) -> Iterator[tuple[str, Any]]:
    for field, value in message.ListFields():
        described: Any = field
        if _is_map(described):
            continue
        for element in value if described.is_repeated else [value]:
            if described.message_type is not None:
                yield from _texts(element)
            elif isinstance(element, str | bytes):
                yield described.full_name, element


def _is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _is_set(message: Message, field: Any) -> bool:
    return message.HasField(field.name) if field.has_presence else bool(getattr(message, field.name) != field.default_value)
