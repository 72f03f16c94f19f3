"""Every difference type of confluent mode: where it is seen, what Confluent makes of it, and a twin where it is not."""

from __future__ import annotations

import pytest
from fakes.protos import proto
from shop_contracts.compat import Level, check
from shop_contracts.compat.confluent.rules import RULES

P2, P3 = "proto2", "proto3"
SEEN = {
    # id: (syntax, old, new, path, new of the twin)
    "PACKAGE_CHANGED": (P3, "package a.v1; message M {}", "package b.v1; message M {}", "#/", "package a.v1; message M {}"),
    "MESSAGE_ADDED": (P3, "message M {}", "message M { message N {} }", "#/M/N", "message M { map<int32, int32> n = 1; }"),
    "MESSAGE_REMOVED": (P3, "message M {} message N {}", "message M {}", "#/N", "message N {} message M {}"),
    "MESSAGE_MOVED": (
        P3,
        "message M {} message N {}",
        "message N {} message M {}",
        "#/M",
        "message M {} enum E { Z = 0; } message N {}",
    ),
    "ENUM_ADDED": (P3, "message M {}", "message M { enum E { Z = 0; } }", "#/M/E", "message M { message E {} }"),
    "ENUM_REMOVED": (P3, "enum E { Z = 0; } enum F { Y = 0; }", "enum E { Z = 0; }", "#/F", "enum F { Y = 0; } enum E { Z = 0; }"),
    "ENUM_CONST_ADDED": (P3, "enum E { Z = 0; }", "enum E { Z = 0; A = 7; }", "#/E/7", "enum E { Y = 0; }"),
    "ENUM_CONST_REMOVED": (P3, "enum E { Z = 0; A = 7; }", "enum E { Z = 0; }", "#/E/7", "enum E { Z = 0; B = 7; }"),
    "ENUM_CONST_CHANGED": (P3, "enum E { Z = 0; A = 7; }", "enum E { Z = 0; B = 7; }", "#/E/7", "enum E { Z = 0; A = 8; }"),
    "FIELD_ADDED": (P3, "message M {}", "message M { int32 a = 4; }", "#/M/4", "message M { oneof k { int32 a = 4; } }"),
    "FIELD_REMOVED": (P3, "message M { int32 a = 4; }", "message M {}", "#/M/4", "message M { string a = 4; }"),
    "FIELD_NAME_CHANGED": (P3, "message M { int32 a = 4; }", "message M { int32 b = 4; }", "#/M/4", "message M { int32 a = 5; }"),
    "FIELD_KIND_CHANGED": (
        P3,
        "message M { M a = 1; }",
        "message M { int32 a = 1; }",
        "#/M/1",
        "message M { .shop.cases.v1.M a = 1; }",
    ),
    "FIELD_SCALAR_KIND_CHANGED": (
        P3,
        "message M { int32 a = 1; }",
        "message M { sint32 a = 1; }",
        "#/M/1",
        "message M { bool a = 1; }",
    ),
    "FIELD_NAMED_TYPE_CHANGED": (
        P3,
        "message A {} message B {} message M { A a = 1; }",
        "message A {} message B {} message M { B a = 1; }",
        "#/M/1",
        "message A { int32 x = 1; } message B {} message M { A a = 1; }",
    ),
    "FIELD_NUMERIC_LABEL_CHANGED": (
        P2,
        "message M { optional int32 a = 1; }",
        "message M { repeated int32 a = 1; }",
        "#/M/1",
        "message M { optional int64 a = 1; }",
    ),
    "FIELD_STRING_OR_BYTES_LABEL_CHANGED": (
        P2,
        "message M { optional string a = 1; }",
        "message M { repeated bytes a = 1; }",
        "#/M/1",
        "message M { optional bytes a = 1; }",
    ),
    "REQUIRED_FIELD_ADDED": (
        P2,
        "message M {}",
        "message M { required int32 a = 1; }",
        "#/M/1",
        "message M { optional int32 a = 1; }",
    ),
    "REQUIRED_FIELD_REMOVED": (
        P2,
        "message M { required int32 a = 1; }",
        "message M {}",
        "#/M/1",
        "message M { optional int32 a = 1; }",
    ),
    "ONEOF_ADDED": (P3, "message M {}", "message M { oneof k { int32 a = 1; } }", "#/M/k", "message M { optional int32 a = 1; }"),
    "ONEOF_REMOVED": (
        P3,
        "message M { oneof k { int32 a = 1; } }",
        "message M { int32 a = 1; }",
        "#/M/k",
        "message M { oneof k { int32 b = 2; } }",
    ),
    "ONEOF_FIELD_ADDED": (
        P3,
        "message M { oneof k { int32 a = 1; } }",
        "message M { oneof k { int32 a = 1; int32 b = 2; } }",
        "#/M/k/2",
        "message M { oneof k { int32 a = 1; } int32 b = 2; }",
    ),
    "ONEOF_FIELD_REMOVED": (
        P3,
        "message M { oneof k { int32 a = 1; int32 b = 2; } }",
        "message M { oneof k { int32 a = 1; } }",
        "#/M/k/2",
        "message M { int32 a = 1; int32 b = 2; }",
    ),
    "ONEOF_FIELD_MOVED_TO_TOP_LEVEL": (
        P3,
        "message M { oneof k { int32 a = 1; int32 b = 2; } }",
        "message M { oneof k { int32 a = 1; } int32 b = 2; }",
        "#/M/2",
        "message M { oneof k { int32 a = 1; } }",
    ),
    "MULTIPLE_FIELDS_MOVED_TO_ONEOF": (
        P3,
        "message M { int32 a = 1; int32 b = 2; }",
        "message M { oneof k { int32 a = 1; int32 b = 2; } }",
        "#/M/k",
        "message M { oneof k { int32 a = 1; int32 c = 3; } int32 b = 2; }",
    ),
    "FIELD_MOVED_TO_EXISTING_ONEOF": (
        P3,
        "message M { int32 a = 1; oneof k { int32 b = 2; } }",
        "message M { oneof k { int32 b = 2; int32 a = 1; } }",
        "#/M/k",
        "message M { int32 a = 1; oneof k { int32 b = 2; int32 c = 3; } }",
    ),
}
REFUSED = {
    *("PACKAGE_CHANGED", "MESSAGE_REMOVED", "FIELD_KIND_CHANGED", "FIELD_SCALAR_KIND_CHANGED", "FIELD_NAMED_TYPE_CHANGED"),
    *("FIELD_NUMERIC_LABEL_CHANGED", "REQUIRED_FIELD_ADDED", "REQUIRED_FIELD_REMOVED", "ONEOF_FIELD_REMOVED"),
    *("MULTIPLE_FIELDS_MOVED_TO_ONEOF", "FIELD_MOVED_TO_EXISTING_ONEOF"),
}


def test_all_26_difference_types_have_their_cases() -> None:
    assert len(RULES) == 26
    assert sorted(SEEN) == sorted(rule.id for rule in RULES)


def test_eleven_of_them_are_refused() -> None:
    assert {rule.id for rule in RULES if rule.breaks} == REFUSED


@pytest.mark.parametrize("difference", SEEN)
def test_a_difference_is_seen_at_its_path(difference: str) -> None:
    syntax, old, new, path, _ = SEEN[difference]

    report = check([proto(old, syntax=syntax)], proto(new, syntax=syntax), level=Level.BACKWARD)

    found = {(finding.id, finding.path): finding for finding in report.findings}
    assert (difference, path) in found
    assert found[difference, path].breaking == (difference in REFUSED)
    assert found[difference, path].before != found[difference, path].after or difference == "MESSAGE_MOVED"


@pytest.mark.parametrize("difference", SEEN)
def test_a_difference_is_not_seen_in_the_twin(difference: str) -> None:
    syntax, old, _, _, twin = SEEN[difference]

    report = check([proto(old, syntax=syntax)], proto(twin, syntax=syntax), level=Level.BACKWARD)

    assert difference not in {finding.id for finding in report.findings}


def test_a_sentence_says_whom_it_breaks_in_either_direction() -> None:
    old, new = proto("message M { int32 a = 1; }"), proto("message M { string a = 1; }")

    (backward,) = check([old], new, level=Level.BACKWARD).breaking
    (forward,) = check([old], new, level=Level.FORWARD).breaking

    assert "new consumers read" in backward.message
    assert "what old producers write" in backward.message
    assert "old consumers read" in forward.message
    assert (forward.before, forward.after) == ("int32 a = 1", "string a = 1")
