"""Walk two schemas the way Confluent's checker does and judge every pair met by the rules.

Facts about the walk, from its public source (schema-registry, `protobuf-provider/…/diff`):
the main file's messages are compared by name, fields by number; a field's message type is entered only when it comes from an import
(what is local is compared in its own place) and not when both sides refer to the same version of the same subject; what is found in
there is reported under its own path, and makes the field's type a changed one if any of it breaks. Groups are not looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

from shop_contracts.compat.confluent.cycles import cycles
from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.rules import BY_SUBJECT
from shop_contracts.compat.confluent.subjects import (
    FAMILIES,
    EnumPair,
    EnumValuePair,
    FieldPair,
    FilePair,
    Kind,
    MessagePair,
    OneofPair,
    Subject,
    TypePair,
    kind_of,
    label_of,
)
from shop_contracts.compat.elements import Enum, Field, File, Message
from shop_contracts.compat.levels import Direction
from shop_contracts.compat.schema import Reference, Schema

Path = tuple[str, ...]

# Messages that contain each other can be walked in more orders than there is time for. Past this many entered, and as many as there
# are, a pair already compared says no more than whether it breaks: the verdict stays, only repetitions in the list are fewer.
PATIENCE = 2_000
# A chain of imported messages is as deep as it is long. Since Python 3.11 such frames are on the heap: depth costs memory only.
FRAMES_A_MESSAGE = 8
# Confluent's list repeats what is reached in several ways, whose number can be exponential: a longer list says things once.
CROWD = 5_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same, with the rule that named it and what it was seen on."""

    rule: Rule[Any]
    subject: Subject

    @property
    def path(self) -> str:
        """Where, in Confluent's notation: `#/Order/1`."""
        return "#/" + "/".join(self.subject.path)

    def sentence(self, direction: Direction) -> str:
        """Return why it matters, and to whom."""
        writer, reader = ("old", "new") if direction is Direction.BACKWARD else ("new", "old")
        before, after = self.subject.texts()
        return self.rule.sentence.format(before=before, after=after, writer=writer, reader=reader)


def compare(original: Schema, update: Schema) -> list[Difference]:
    """Return every difference for a reader on `update` of what was written with `original`."""
    walk = _Walk(original, update)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1_000 + FRAMES_A_MESSAGE * len(original.tree.messages)))
    differences = _judge(FilePair((), original.file, update.file))
    differences += walk.declarations(original.file, update.file, (), frozenset())
    return differences


def breaks(differences: Sequence[Difference]) -> bool:
    """Return whether Confluent refuses a schema for any of these."""
    return any(difference.rule.breaks for difference in differences)


def _once(differences: Sequence[Difference]) -> list[Difference]:
    return list({(difference.rule.id, difference.path): difference for difference in differences}.values())


def _judge(subject: Subject) -> list[Difference]:
    return [Difference(rule, subject) for rule in BY_SUBJECT.get(type(subject), ()) if rule.check(subject)]


@dataclass(frozen=True, slots=True)
class _Entered:
    """What one pair of imported messages came to."""

    differences: list[Difference]
    breaks: bool


@dataclass(slots=True)
class _Walk:
    """One comparison under way.

    `within`, wherever it is passed, are the messages being compared around a message, as far as it can contain them.
    """

    original: Schema
    update: Schema
    remembered: dict[tuple[int, int, frozenset[int]], _Entered] = field(default_factory=dict)
    known: dict[tuple[int, int], bool] = field(default_factory=dict)
    groups: dict[bool, Mapping[int, int]] = field(default_factory=dict)
    entered: int = 0
    same_imports: bool = False

    def __post_init__(self) -> None:
        before, after = (
            {path: file for path, file in one.files.items() if path != one.main} for one in (self.original, self.update)
        )
        self.same_imports = self.original.file.syntax == self.update.file.syntax and before == after

    def declarations(
        self, original: File | Message, update: File | Message, path: Path, within: frozenset[int]
    ) -> list[Difference]:
        """Compare the messages and enums declared in two files or in two messages."""
        differences: list[Difference] = []
        before, after = _messages(original), _messages(update)
        for name in {**before, **after}:
            differences += self.messages(before.get(name), after.get(name), (*path, name), within)
        enums_before, enums_after = _enums(original), _enums(update)
        for name in {**enums_before, **enums_after}:
            differences += _compare_enums(enums_before.get(name), enums_after.get(name), (*path, name))
        return differences

    def messages(
        self, original: tuple[int, Message] | None, update: tuple[int, Message] | None, path: Path, within: frozenset[int]
    ) -> list[Difference]:
        """Compare one message name; each side comes with its place among its neighbours."""
        if original is None or update is None:
            return _judge(MessagePair(path, original and original[1], update and update[1]))
        differences = self.contents(original[1], update[1], path, within)
        return differences + _judge(MessagePair(path, original[1], update[1], has_moved=original[0] != update[0]))

    def contents(self, original: Message, update: Message, path: Path, within: frozenset[int]) -> list[Difference]:
        """Compare fields, oneofs and what is nested; a message met inside itself gives its nested types only."""
        differences: list[Difference] = []
        if self.same_imports and original.proto == update.proto:
            return differences
        inside = within | {id(original)}
        if id(original) not in within:
            differences += self._fields(original, update, path, inside)
        differences += self.declarations(original, update, path, inside)
        return differences if len(differences) < CROWD else _once(differences)

    def _fields(self, original: Message, update: Message, path: Path, within: frozenset[int]) -> list[Difference]:
        before, after = _fields(original), _fields(update)
        differences = _compare_oneofs(original, update, before, after, path)
        vanished = {
            name
            for name, members in original.oneofs.items()
            if name not in update.oneofs and not any(member.number in before and member.number in after for member in members)
        }
        for number in sorted({**before, **after}):
            old, new = before.get(number), after.get(number)
            where = _field_path(path, old, new)
            if old is None or new is None or not _is_untouched(old, new):
                differences += _judge(FieldPair(where, old, new, old is not None and old.oneof in vanished))
            elif self._is_judged_elsewhere(old, new):
                continue
            if old is not None and new is not None:
                differences += self._types(old, new, where, within)
        return differences

    def _is_judged_elsewhere(self, old: Field, new: Field) -> bool:
        """Return whether an untouched field is done with: it is a scalar, or its message is local on both sides."""
        if old.proto.type in FAMILIES:
            return True
        before, after = old.message, new.message
        if before is None or after is None or before.is_map_entry != after.is_map_entry:
            return False
        if before.is_map_entry:
            return before.proto == after.proto and self._is_judged_elsewhere(before.by_number[2], after.by_number[2])
        return before.file.path == self.original.main and after.file.path == self.update.main

    def _types(self, old: Field, new: Field, path: Path, within: frozenset[int], *, labelled: bool = True) -> list[Difference]:
        kinds = (kind_of(old), kind_of(new))
        pair = TypePair(path, old, new, kinds, label_of(old) if labelled else None, label_of(new) if labelled else None)
        if kinds == (Kind.MAP, Kind.MAP):
            before, after = old.message, new.message
            return [
                difference
                for number in (1, 2)
                if before is not None and after is not None
                for difference in self._types(before.by_number[number], after.by_number[number], path, within, labelled=False)
            ]
        inside: list[Difference] = []
        if kinds == (Kind.MESSAGE, Kind.MESSAGE):
            inside, pair.nested_breaks = self._referenced(old.message, new.message, within)
        return inside + _judge(pair)

    def _referenced(
        self, original: Message | None, update: Message | None, within: frozenset[int]
    ) -> tuple[list[Difference], bool]:
        """Return what comparing an imported message adds to the list, and whether any of what it found breaks."""
        if original is None or update is None or original.local_name != update.local_name:
            return [], False
        home, new_home = _home(self.original, original.file), _home(self.update, update.file)
        if home is not None and home == new_home:
            return [], False
        groups = self._cycles(from_main=original.file.path == self.original.main)
        inside_of = frozenset(one for one in within if groups.get(one) == groups[id(original)])
        if self._is_impatient and (id(original), id(update)) in self.known:
            return [], self.known[id(original), id(update)]
        entered = self.remembered.get((id(original), id(update), inside_of)) or self._enter(original, update, inside_of)
        return entered.differences, entered.breaks

    def _enter(self, original: Message, update: Message, within: frozenset[int]) -> _Entered:
        self.entered += 1
        self.known.setdefault((id(original), id(update)), False)
        differences = self.contents(original, update, tuple(original.local_name.split(".")), within)
        entered = _Entered(differences, breaks(differences))
        self.known[id(original), id(update)] |= entered.breaks
        self.remembered[id(original), id(update), within] = entered
        return entered

    def _cycles(self, *, from_main: bool) -> Mapping[int, int]:
        """Return which messages contain each other. The main file's count only once one of them has moved into an import."""
        if from_main not in self.groups:
            everything = self.original.tree.messages.values()
            self.groups[from_main] = cycles([one for one in everything if from_main or one.file.path != self.original.main])
        return self.groups[from_main]

    @property
    def _is_impatient(self) -> bool:
        return self.entered > PATIENCE + len(self.original.tree.messages)


def _is_untouched(old: Field, new: Field) -> bool:
    return old.proto == new.proto and old.oneof == new.oneof and old.file.syntax == new.file.syntax


def _home(schema: Schema, file: File) -> Reference | str | None:
    """Return what a file is known as: the main file as that, an import by its reference, an import without one as None."""
    return "main" if file.path == schema.main else schema.references.get(file.path)


def _messages(scope: File | Message) -> dict[str, tuple[int, Message]]:
    groups = scope.group_types
    declared = [message for message in scope.messages if not message.is_map_entry and message.full_name not in groups]
    return {message.name: (place, message) for place, message in enumerate(declared)}


def _enums(scope: File | Message) -> dict[str, Enum]:
    return {enum.name: enum for enum in scope.enums}


def _fields(message: Message) -> dict[int, Field]:
    return {one.number: one for one in message.fields if one.proto.type != Proto.TYPE_GROUP}


def _field_path(path: Path, original: Field | None, update: Field | None) -> Path:
    field = update or original
    if field is None:
        raise ValueError("a field pair has a field on one side at least")
    return (*path, str(field.number)) if field.oneof is None else (*path, field.oneof, str(field.number))


def _compare_enums(original: Enum | None, update: Enum | None, path: Path) -> list[Difference]:
    if original is None or update is None:
        return _judge(EnumPair(path, original, update))
    before, after = original.by_number, update.by_number
    return [
        difference
        for number in {**before, **after}
        for difference in _judge(
            EnumValuePair(
                (*path, str(number)), original, update, number, before.get(number, [None])[-1], after.get(number, [None])[-1]
            )
        )
    ]


def _compare_oneofs(
    original: Message, update: Message, before: dict[int, Field], after: dict[int, Field], path: Path
) -> list[Difference]:
    differences: list[Difference] = []
    for name in sorted({**original.oneofs, **update.oneofs}):
        pair = OneofPair((*path, name), original.oneofs.get(name), update.oneofs.get(name))
        known = [before[member.number] for member in pair.update or () if member.number in before and member.number in after]
        outside = [one for one in known if one.oneof is None]
        pair.from_outside = len(outside)
        pair.origins = len(outside) + len({one.oneof for one in known if one.oneof is not None})
        differences += _judge(pair)
    return differences
