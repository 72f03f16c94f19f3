"""What each level looks at, and what the registry's answer says."""

from __future__ import annotations

import pytest
from fakes.protos import proto
from shop_contracts.compat import Direction, Level, Mode, Reference, Schema, check
from shop_contracts.protobuf.compiler import compile_proto

ONE = proto("message M { int32 a = 1; int32 b = 2; }", version=1)
TWO = proto("message M { int32 a = 1; }", version=2)
THREE = proto("message M { int32 a = 1; string b = 2; }", version=3)


def test_none_refuses_nothing() -> None:
    assert check([proto("message M { int32 a = 1; }")], proto("package other.v1;"), level=Level.NONE).compatible


def test_the_first_version_of_a_subject_is_always_welcome() -> None:
    for level in Level:
        assert check([], ONE, level=level).compatible


def test_a_plain_level_looks_at_the_latest_version_only() -> None:
    assert check([ONE, TWO], THREE, level=Level.BACKWARD).compatible
    assert not check([ONE, TWO], THREE, level=Level.BACKWARD_TRANSITIVE).compatible


def test_a_transitive_level_goes_back_from_the_latest_and_stops_at_the_first_misfit() -> None:
    report = check([ONE, proto("message M { double a = 1; }", version=2)], THREE, level=Level.BACKWARD_TRANSITIVE)

    assert {finding.against for finding in report.breaking} == {2}


def test_backward_and_forward_are_told_apart() -> None:
    old, new = proto("message M {}"), proto("message M {} message N {}")

    assert check([old], new, level=Level.BACKWARD).compatible
    (finding,) = check([old], new, level=Level.FORWARD).breaking
    assert (finding.id, finding.direction, finding.before, finding.after) == (
        "MESSAGE_REMOVED",
        Direction.FORWARD,
        "absent",
        "message N",
    )


def test_the_verbose_answer_has_the_difference_then_the_version_then_its_text_then_the_level() -> None:
    old = proto("message M { int32 a = 1; }", version=4)

    messages = check([old], proto("message M { string a = 1; }", version=5), level=Level.BACKWARD).messages

    assert messages[0].startswith('{errorType:"FIELD_SCALAR_KIND_CHANGED", description:"#/M/1: ')
    assert messages[0].endswith('"}')
    assert messages[1:] == [
        "{oldSchemaVersion: 4}",
        f"{{oldSchema: '{old.text}'}}",
        "{validateFields: 'false', compatibility: 'BACKWARD'}",
    ]


def test_the_verbose_answer_cuts_a_long_schema() -> None:
    old = proto("message M { int32 a = 1; }" + " " * 11_000)

    messages = check([old], proto("message M { string a = 1; }"), level=Level.BACKWARD).messages

    assert messages[1].startswith("{oldSchema: <truncated> '")
    assert len(messages[1]) < 10_400


def test_names_reserved_in_the_metadata_count_where_fields_are_validated() -> None:
    old = proto("message M {}", metadata={"confluent:reserved": "cost, status"})
    new = proto("message M { int32 cost = 1; }", metadata={"confluent:reserved": "cost"})

    assert check([old], new, level=Level.BACKWARD).compatible
    refused = check([old], new, level=Level.BACKWARD, validate_fields=True)
    assert len(refused.messages) == 3
    assert refused.messages[-1] == "{validateFields: 'true', compatibility: 'BACKWARD'}"


PART_INT = 'syntax = "proto3"; package parts; message Part { int32 v = 1; }'
PART_STRING = 'syntax = "proto3"; package parts; message Part { string v = 1; }'


def importing(part: str, reference: Reference | None) -> Schema:
    text = 'syntax = "proto3"; import "part.proto"; message M { parts.Part p = 1; }'
    compiled = compile_proto(text, {"part.proto": part})
    return Schema.compiled(compiled, references={"part.proto": reference} if reference else None)


def test_an_import_is_looked_into_and_told_under_its_own_path() -> None:
    report = check([importing(PART_INT, None)], importing(PART_STRING, None), level=Level.BACKWARD)

    assert [(finding.id, finding.path) for finding in report.breaking] == [
        ("FIELD_SCALAR_KIND_CHANGED", "#/Part/1"),
        ("FIELD_NAMED_TYPE_CHANGED", "#/M/1"),
    ]


def test_an_import_of_one_registered_version_is_not_looked_into_again() -> None:
    same = Reference("part", 1)

    assert check([importing(PART_INT, same)], importing(PART_STRING, same), level=Level.BACKWARD).findings == []
    assert not check([importing(PART_INT, same)], importing(PART_STRING, Reference("part", 2)), level=Level.BACKWARD).compatible


def test_imports_that_lead_in_circles_end() -> None:
    names = [f"M{number}" for number in range(9)]

    def tangle(kind: str) -> str:
        fields = "".join(f"{other} f{number} = {number + 1};" for number, other in enumerate(names))
        return 'syntax = "proto3"; package parts;' + "".join(f"message {name} {{ {fields} {kind} v = 99; }}" for name in names)

    def schema(kind: str) -> Schema:
        text = 'syntax = "proto3"; import "part.proto"; message M { parts.M0 p = 1; }'
        return Schema.compiled(compile_proto(text, {"part.proto": tangle(kind)}))

    report = check([schema("int32")], schema("string"), level=Level.BACKWARD)

    assert ("FIELD_NAMED_TYPE_CHANGED", "#/M/1") in {(finding.id, finding.path) for finding in report.breaking}
    assert {f"#/{name}/99" for name in names} <= {finding.path for finding in report.breaking}


def test_a_chain_of_imported_messages_is_followed_to_its_end() -> None:
    def schema(kind: str) -> Schema:
        chain = "".join(f"message M{number} {{ M{number + 1} next = 1; }}" for number in range(2_000))
        part = f'syntax = "proto3"; package parts; {chain} message M2000 {{ {kind} v = 1; }}'
        text = 'syntax = "proto3"; import "part.proto"; message M { parts.M0 p = 1; }'
        return Schema.compiled(compile_proto(text, {"part.proto": part}))

    report = check([schema("int32")], schema("string"), level=Level.BACKWARD)

    assert {("FIELD_SCALAR_KIND_CHANGED", "#/M2000/1"), ("FIELD_NAMED_TYPE_CHANGED", "#/M/1")} <= {
        (finding.id, finding.path) for finding in report.breaking
    }


def test_the_house_takes_the_whole_history_at_a_transitive_level() -> None:
    assert check([ONE, TWO], THREE, level=Level.BACKWARD, mode=Mode.HOUSE).compatible
    report = check([ONE, TWO], THREE, level=Level.BACKWARD_TRANSITIVE, mode=Mode.HOUSE)
    assert {"FIELD_NUMBER_NO_REUSE", "FIELD_NAME_NO_REUSE"} <= {finding.id for finding in report.breaking}
    assert {finding.against for finding in report.breaking} == {1}


def test_the_house_refuses_nothing_at_none() -> None:
    assert check([ONE], THREE, level=Level.NONE, mode=Mode.HOUSE).compatible


LET_THROUGH = {
    "a single integer becomes repeated": ("proto3", "message M { int32 a = 1; }", "message M { repeated int32 a = 1; }"),
    "a repeated integer becomes single": ("proto3", "message M { repeated int32 a = 1; }", "message M { int32 a = 1; }"),
    "an optional string becomes required": (
        "proto2",
        "message M { optional string a = 1; }",
        "message M { required string a = 1; }",
    ),
    "an enum number changes its meaning": ("proto3", "enum E { Z = 0; PAID = 1; }", "enum E { Z = 0; FREE = 1; }"),
    "a field number changes its name": ("proto3", "message M { int32 a = 1; }", "message M { int32 b = 1; }"),
    "two fields swap their names": (
        "proto3",
        "message M { string a = 1; string b = 2; }",
        "message M { string b = 1; string a = 2; }",
    ),
    "a reserved number is used": ("proto3", "message M { reserved 4; }", "message M { string a = 4; }"),
    "a removed number is not reserved": ("proto3", "message M { int32 a = 1; }", "message M {}"),
    "an RPC takes another request": (
        "proto3",
        "message Q {} message R {} service S { rpc Ask(Q) returns (Q); }",
        "message Q {} message R {} service S { rpc Ask(R) returns (Q); }",
    ),
    "an RPC goes": ("proto3", "message Q {} service S { rpc Ask(Q) returns (Q); }", "message Q {} service S {}"),
    "a service goes": ("proto3", "message Q {} service S { rpc Ask(Q) returns (Q); }", "message Q {}"),
    "an extension changes its type": (
        "proto2",
        "message M { extensions 100; } extend M { optional int32 x = 100; }",
        "message M { extensions 100; } extend M { optional string x = 100; }",
    ),
}


@pytest.mark.parametrize("change", LET_THROUGH)
def test_the_house_refuses_what_confluent_lets_through(change: str) -> None:
    syntax, old, new = LET_THROUGH[change]
    before, after = proto(old, syntax=syntax), proto(new, syntax=syntax)

    assert check([before], after, level=Level.FULL_TRANSITIVE).compatible
    assert not check([before], after, level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE).compatible


def test_an_import_that_is_no_longer_used_is_no_deletion() -> None:
    service = 'syntax = "proto3"; package parts; message Part {} message Whole {} service S { rpc Ask(Part) returns (Part); }'
    text = 'import "part.proto"; import "google/protobuf/empty.proto"; message M { reserved 1; reserved "p"; }'

    before = proto(text.replace("reserved 1;", "").replace('reserved "p";', "parts.Part p = 1;"), imports={"part.proto": service})

    assert check(
        [before], proto('message M { reserved 1; reserved "p"; }'), level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE
    ).compatible


def test_the_house_judges_imports_unless_told_which_files_count() -> None:
    before, after = importing(PART_INT, None), importing(PART_STRING, None)

    assert not check([before], after, level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE).compatible
    assert check([before], after, level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE, targets={"schema.proto"}).compatible


def test_messages_that_all_moved_into_an_import_are_compared_there() -> None:
    def chain(kind: str) -> str:
        links = "".join(f"message M{number} {{ M{number + 1} a = 1; M{number + 1} b = 2; }}" for number in range(60))
        return f"{links} message M60 {{ {kind} v = 1; }}"

    old = proto(f"message M {{ M0 p = 1; }} {chain('int32')}")
    moved = {"part.proto": f'syntax = "proto3"; package shop.cases.v1; {chain("string")}'}

    report = check([old], proto('import "part.proto"; message M { M0 p = 1; }', imports=moved), level=Level.BACKWARD)

    assert {("FIELD_SCALAR_KIND_CHANGED", "#/M60/1"), ("FIELD_NAMED_TYPE_CHANGED", "#/M/1"), ("MESSAGE_REMOVED", "#/M7")} <= {
        (finding.id, finding.path) for finding in report.breaking
    }
