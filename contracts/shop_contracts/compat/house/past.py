"""A subject's history: what a number or a name meant before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from shop_contracts.compat.elements import Enum, Field, Message
from shop_contracts.compat.house.breaks import Break, path_of
from shop_contracts.compat.schema import Schema


@dataclass(frozen=True, slots=True)
class MessagePast:
    """A message of the new version with its earlier forms, the latest first."""

    new: Message
    earlier: Sequence[tuple[Schema, Message]]
    latest: Message | None
    """Its form in the latest version; None when it was not there."""

    def breaks(self, message: str, *, field: Field, was: str, then: Schema, old: Field | Message) -> Break:
        """Return a refusal of one of the new fields."""
        path = path_of(self.new.local_name, str(field.number))
        return Break(path, was, field.declaration, message, self.new.file.path, old, field, then)


@dataclass(frozen=True, slots=True)
class EnumPast:
    """An enum of the new version with its earlier forms, the latest first."""

    new: Enum
    earlier: Sequence[tuple[Schema, Enum]]
    latest: Enum | None

    def breaks(self, message: str, *, name: str, number: int, was: str, then: Schema, old: Enum) -> Break:
        """Return a refusal of one of the new values."""
        path = path_of(self.new.local_name, str(number))
        return Break(path, was, f"{name} = {number}", message, self.new.file.path, old, self.new, then)


def messages(earlier: Sequence[Schema], new: Schema) -> Iterator[MessagePast]:
    """Yield the messages whose fields were not always what they are in the new version; map entries have no past of their own."""
    for name, message in new.tree.messages.items():
        forms = [(schema, schema.tree.messages[name]) for schema in earlier if name in schema.tree.messages]
        if any(form.proto != message.proto for _, form in forms) and not message.is_map_entry:
            yield MessagePast(message, forms, earlier[0].tree.messages.get(name))


def enums(earlier: Sequence[Schema], new: Schema) -> Iterator[EnumPast]:
    """Yield the enums whose values were not always what they are in the new version."""
    for name, enum in new.tree.enums.items():
        forms = [(schema, schema.tree.enums[name]) for schema in earlier if name in schema.tree.enums]
        if any(form.proto != enum.proto for _, form in forms):
            yield EnumPast(enum, forms, earlier[0].tree.enums.get(name))


@dataclass(eq=False)
class History:
    """The new version and all that count before it, the latest first. There is at least one."""

    earlier: Sequence[Schema]
    new: Schema

    @cached_property
    def messages(self) -> list[MessagePast]:
        """The messages whose fields were not always what they are now; map entries have no past of their own."""
        return list(messages(self.earlier, self.new))

    @cached_property
    def enums(self) -> list[EnumPast]:
        """The enums whose values were not always what they are now."""
        return list(enums(self.earlier, self.new))


def version_text(schema: Schema) -> str:
    """Return what to call a version in a sentence."""
    return "an earlier version" if schema.version is None else f"version {schema.version}"


def same_meaning(old: Field, new: Field) -> bool:
    """Return whether a number that was away comes back as what it was."""
    return old.name == new.name and old.type_text == new.type_text and old.is_repeated == new.is_repeated
