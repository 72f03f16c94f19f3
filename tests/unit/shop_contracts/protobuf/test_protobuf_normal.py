from __future__ import annotations

from fakes.proto_sources import REFERENCES, sources
from hypothesis import given, settings
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.protobuf.normal import canonical_bytes, normal_bytes
from shop_contracts.protobuf.printer import print_proto

MESSAGE = "message M { string x = 1; int32 y = 2; oneof o { bool p = 3; bool q = 4; } }"
PLAIN = f'syntax = "proto3"; package a; {MESSAGE} enum E {{ Z = 0; A = 1; B = 2; }}'


def canonical(text: str, name: str = "schema.proto") -> bytes:
    return canonical_bytes(compile_proto(text, REFERENCES, name=name).file)


def normal(text: str) -> bytes:
    return normal_bytes(compile_proto(text, REFERENCES).file)


def test_layout_comments_and_the_name_of_the_file_do_not_count() -> None:
    laid_out = "// why\n" + PLAIN.replace("{", "{\n  ").replace(";", ";\n")

    assert canonical(PLAIN) == canonical(laid_out, "other.proto")


def test_the_way_a_type_is_named_does_not_count() -> None:
    short = 'syntax = "proto3"; package a; message M { N n = 1; message N {} }'

    assert canonical(short) == canonical(short.replace("N n", ".a.M.N n"))


def test_the_order_of_fields_counts_unless_normalised() -> None:
    swapped = PLAIN.replace("string x = 1; int32 y = 2;", "int32 y = 2; string x = 1;")

    assert canonical(PLAIN) != canonical(swapped)
    assert normal(PLAIN) == normal(swapped)


def test_the_order_of_enum_values_and_oneof_members_does_not_count_when_normalised() -> None:
    moved = PLAIN.replace("bool p = 3; bool q = 4;", "bool q = 4; bool p = 3;").replace("A = 1; B = 2;", "B = 2; A = 1;")

    assert normal(PLAIN) == normal(moved)


def test_the_order_of_messages_always_counts() -> None:
    text = 'syntax = "proto3"; message A {} message B {}'

    assert normal(text) != normal('syntax = "proto3"; message B {} message A {}')


def test_a_field_that_changes_its_type_counts() -> None:
    assert normal(PLAIN) != normal(PLAIN.replace("string x", "bytes x"))


@given(sources())
@settings(deadline=None, max_examples=40)
def test_printing_changes_neither_form(source: str) -> None:
    compiled = compile_proto(source, REFERENCES)
    printed = print_proto(compiled)

    assert (canonical(printed), normal(printed)) == (canonical(source), normal(source))
