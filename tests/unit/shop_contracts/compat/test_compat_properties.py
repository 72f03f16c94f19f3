"""What must hold for any two schemas: verdicts come from what changed, never from what things are called or where they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fakes.protos import proto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_contracts.compat import Level, Mode, Schema, check
from shop_contracts.compat.house.rule import Category

SCALARS = ("int32", "int64", "uint32", "sint32", "bool", "string", "bytes", "fixed32", "double", "float")
TYPES = (*SCALARS, "Kind", "Part")
NUMBERS = range(1, 6)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class FieldText:
    """One field of the generated message; `oneof` puts it into the one oneof there is."""

    number: int
    name: str
    type: str
    label: str = ""
    oneof: bool = False

    def text(self) -> str:
        return f"{'' if self.oneof else self.label}{self.type} {self.name} = {self.number};"


@dataclass(frozen=True)
class FileText:
    """A file with one message that matters, written in one of many ways that mean the same."""

    fields: tuple[FieldText, ...]
    message: str = "Order"
    part: str = "Part"
    comment: str = ""
    is_nested: bool = False
    is_reversed: bool = False

    def text(self) -> str:
        shown = tuple(reversed(self.fields)) if self.is_reversed else self.fields
        outside = " ".join(self._typed(field) for field in shown if not field.oneof)
        inside = " ".join(self._typed(field) for field in shown if field.oneof)
        oneof = f"oneof choice {{ {inside} }}" if inside else ""
        message = f"{self.comment} message {self.message} {{ {outside} {oneof} }}"
        message = f"message Outer {{ {message} }}" if self.is_nested else message
        return f"enum Kind {{ KIND_UNSPECIFIED = 0; }} message {self.part} {{ int32 v = 1; }} {message}"

    def _typed(self, field: FieldText) -> str:
        return replace(field, type=self.part if field.type == "Part" else field.type).text()


@st.composite
def files(draw: st.DrawFn) -> FileText:
    numbers = draw(st.lists(st.sampled_from(NUMBERS), unique=True, max_size=5))
    labels = st.sampled_from(("", "optional ", "repeated "))
    fields = [
        FieldText(
            number,
            f"f{draw(st.sampled_from((number, number + 10)))}",
            draw(st.sampled_from(TYPES)),
            draw(labels),
            draw(st.booleans()),
        )
        for number in numbers
    ]
    return FileText(tuple(fields))


pairs = st.tuples(files(), files())
Rewriting = Callable[[FileText], FileText]


def compiled(file: FileText) -> Schema:
    return proto(file.text())


def verdicts(old: FileText, new: FileText) -> tuple[bool, ...]:
    before, after = compiled(old), compiled(new)
    confluent = tuple(check([before], after, level=level).compatible for level in (Level.BACKWARD, Level.FORWARD, Level.FULL))
    house = tuple(
        check([before], after, level=Level.FULL, mode=Mode.HOUSE, categories={category}).compatible
        for category in (Category.WIRE, Category.WIRE_JSON)
    )
    return confluent + house


@quick
@given(pairs)
def test_backward_of_a_pair_is_forward_of_the_swapped_pair(pair: tuple[FileText, FileText]) -> None:
    a, b = map(compiled, pair)

    assert check([a], b, level=Level.BACKWARD).compatible == check([b], a, level=Level.FORWARD).compatible


@quick
@given(pairs)
def test_full_is_backward_and_forward_together(pair: tuple[FileText, FileText]) -> None:
    a, b = map(compiled, pair)

    both = check([a], b, level=Level.BACKWARD).compatible and check([a], b, level=Level.FORWARD).compatible
    assert check([a], b, level=Level.FULL).compatible == both


@quick
@given(files())
def test_a_schema_may_always_follow_itself(file: FileText) -> None:
    schema = compiled(file)

    for mode in Mode:
        assert check([schema, schema], compiled(file), level=Level.FULL_TRANSITIVE, mode=mode).findings == []


@quick
@given(pairs)
def test_renaming_messages_alike_on_both_sides_changes_no_verdict(pair: tuple[FileText, FileText]) -> None:
    renamed = [replace(file, message="Basket", part="Piece") for file in pair]

    assert verdicts(*renamed) == verdicts(*pair)


@quick
@given(pairs)
def test_renumbering_alike_on_both_sides_changes_no_verdict(pair: tuple[FileText, FileText]) -> None:
    def moved(file: FileText) -> FileText:
        return replace(file, fields=tuple(replace(field, number=field.number * 1000 + 7) for field in file.fields))

    assert verdicts(*map(moved, pair)) == verdicts(*pair)


@quick
@given(pairs)
def test_nesting_on_both_sides_changes_no_verdict(pair: tuple[FileText, FileText]) -> None:
    assert verdicts(*(replace(file, is_nested=True) for file in pair)) == verdicts(*pair)


@quick
@given(pairs)
def test_order_and_comments_change_no_verdict(pair: tuple[FileText, FileText]) -> None:
    old, new = pair

    assert verdicts(old, replace(new, is_reversed=True, comment="/* int32 f1 = 1; */")) == verdicts(old, new)


@quick
@given(pairs)
def test_wire_json_is_never_kinder_than_wire(pair: tuple[FileText, FileText]) -> None:
    *_, wire, wire_json = verdicts(*pair)

    assert wire or not wire_json


@quick
@given(st.lists(files(), min_size=2, max_size=4))
def test_a_transitive_level_is_never_kinder_than_its_plain_one(history: list[FileText]) -> None:
    *earlier, new = map(compiled, history)

    for plain in (Level.BACKWARD, Level.FORWARD, Level.FULL):
        transitive = check(earlier, new, level=Level(f"{plain}_TRANSITIVE"))
        assert check(earlier, new, level=plain).compatible or not transitive.compatible


@quick
@given(pairs)
def test_every_refusal_names_what_was_and_what_is(pair: tuple[FileText, FileText]) -> None:
    a, b = map(compiled, pair)

    for mode in Mode:
        for finding in check([a], b, level=Level.FULL_TRANSITIVE, mode=mode, proofs=True).breaking:
            assert finding.path.startswith("#/")
            assert finding.before != finding.after
            assert "{" not in finding.message.replace(finding.before, "").replace(finding.after, "")
