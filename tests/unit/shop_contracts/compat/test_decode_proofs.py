"""A refusal shows a record that was written with one version and what the other reads from it."""

from __future__ import annotations

import pytest
from fakes.protos import proto
from shop_contracts.compat import Level, Mode, check
from shop_contracts.compat.proof import Proof
from shop_contracts.compat.readers import Reader


def proof_of(
    rule: str, old: str, new: str, *, syntax: str = "proto3", mode: Mode = Mode.HOUSE, level: Level = Level.BACKWARD
) -> Proof | None:
    report = check([proto(old, syntax=syntax)], proto(new, syntax=syntax), level=level, mode=mode, proofs=True)
    return next(finding.proof for finding in report.breaking if finding.id == rule)


def test_a_renamed_field_is_read_under_the_other_name() -> None:
    proof = proof_of("FIELD_SAME_NAME", "message M { int32 gross = 1; }", "message M { int32 net = 1; }")

    assert proof == Proof(
        message="shop.cases.v1.M",
        writer="old",
        reader="new",
        encoding="protobuf",
        payload="08 96 01",
        written='{"gross": 150}',
        read='{"net": 150}',
    )


def test_an_enum_number_is_read_as_the_other_name() -> None:
    old = "enum E { Z = 0; PAID = 1; } message M { E e = 1; }"

    proof = proof_of("ENUM_VALUE_SAME_NAME", old, old.replace("PAID", "FREE"))

    assert proof is not None
    assert (proof.payload, proof.written, proof.read) == ("08 01", '{"e": "PAID"}', '{"e": "FREE"}')


def test_an_enum_that_no_message_holds_is_shown_in_one_made_for_it() -> None:
    proof = proof_of("ENUM_VALUE_SAME_NAME", "enum E { Z = 0; PAID = 1; }", "enum E { Z = 0; FREE = 1; }")

    assert proof is not None
    assert (proof.written, proof.read) == ('{"value": "PAID"}', '{"value": "FREE"}')


def test_a_field_made_required_is_refused_by_the_reader() -> None:
    proof = proof_of(
        "MESSAGE_SAME_REQUIRED_FIELDS",
        "message M { optional string a = 1; }",
        "message M { required string a = 1; }",
        syntax="proto2",
    )

    assert proof is not None
    assert proof.read == "refused: required and missing: a"


def test_a_changed_encoding_is_read_as_nothing() -> None:
    proof = proof_of(
        "FIELD_SCALAR_KIND_CHANGED", "message M { string a = 1; }", "message M { fixed64 a = 1; }", mode=Mode.CONFLUENT
    )

    assert proof is not None
    assert (proof.written, proof.read) == ('{"a": "sample"}', "{}")


def test_in_the_forward_direction_the_new_side_writes() -> None:
    proof = proof_of(
        "FIELD_SCALAR_KIND_CHANGED",
        "message M { string a = 1; }",
        "message M { fixed64 a = 1; }",
        mode=Mode.CONFLUENT,
        level=Level.FORWARD,
    )

    assert proof is not None
    assert (proof.writer, proof.reader) == ("new", "old")


def test_two_fields_that_became_alternatives_lose_one() -> None:
    proof = proof_of(
        "MULTIPLE_FIELDS_MOVED_TO_ONEOF",
        "message M { int32 a = 1; string b = 2; }",
        "message M { oneof k { int32 a = 1; string b = 2; } }",
        mode=Mode.CONFLUENT,
    )

    assert proof is not None
    assert (proof.written, proof.read) == ('{"a": 150, "b": "sample"}', '{"b": "sample"}')


def test_an_unset_field_is_read_as_another_default() -> None:
    proof = proof_of(
        "FIELD_SAME_DEFAULT",
        'message M { optional string currency = 1 [default = "EUR"]; }',
        'message M { optional string currency = 1 [default = "USD"]; }',
        syntax="proto2",
    )

    assert proof is not None
    assert (proof.written, proof.read) == ('{"currency": "EUR"}', '{"currency": "USD"}')


def test_a_map_is_shown_through_the_message_that_has_it() -> None:
    proof = proof_of(
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE", "message M { map<string, int32> m = 1; }", "message M { map<string, double> m = 1; }"
    )

    assert proof is not None
    assert proof.written == '{"m": {"sample": 150}}'


def test_an_extension_is_shown_in_what_it_extends() -> None:
    proof = proof_of(
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        "message M { extensions 100; } extend M { optional int32 x = 100; }",
        "message M { extensions 100; } extend M { optional string x = 100; }",
        syntax="proto2",
    )

    assert proof is not None
    assert proof.written == '{"[shop.cases.v1.x]": 150}'


def test_a_record_whose_type_is_gone_cannot_be_read() -> None:
    proof = proof_of("ROOT_MESSAGE_NO_DELETE", "message M {} message Record { int32 a = 1; }", "message M {}")

    assert proof is not None
    assert proof.read == "refused: the new version has no type shop.cases.v1.Record"


def test_a_request_is_read_as_the_other_message() -> None:
    proof = proof_of(
        "RPC_SAME_REQUEST_TYPE",
        "message Q { int32 a = 1; } message R { string a = 1; } service S { rpc Ask(Q) returns (Q); }",
        "message Q { int32 a = 1; } message R { string a = 1; } service S { rpc Ask(R) returns (Q); }",
    )

    assert proof is not None
    assert (proof.written, proof.read) == ('{"a": 150}', "{}")


def test_a_message_that_requires_itself_does_not_keep_the_proof_from_ending() -> None:
    old = "message M { required M m = 1; optional int32 a = 2; }"

    proof = proof_of("FIELD_SAME_NAME", old, old.replace("a = 2", "b = 2"), syntax="proto2")

    assert proof is None or proof.message == "shop.cases.v1.M"


def test_what_no_record_can_show_has_no_proof() -> None:
    assert proof_of("RPC_NO_DELETE", "message Q {} service S { rpc Ask(Q) returns (Q); }", "message Q {} service S {}") is None


def test_a_schema_the_runtime_does_not_take_gives_a_verdict_without_proof() -> None:
    clash = 'message M { optional int32 a = 1 [json_name = "x"]; optional int32 x = 2; }'

    assert proof_of("FIELD_WIRE_JSON_COMPATIBLE_TYPE", clash, clash.replace("int32 a", "string a"), syntax="proto2") is None


OLD = "message M { int32 a = 1; string b = 2; Part part = 3; } message Part { E e = 1; } enum E { Z = 0; PAID = 1; }"
READERS = [Reader("ledger", frozenset({"M.a"})), Reader("mailer", frozenset({"M.b", "Part.e"})), Reader("archive")]


@pytest.mark.parametrize(
    ("rule", "new", "hit"),
    [
        ("FIELD_SAME_NAME", OLD.replace("int32 a", "int32 c"), ("ledger", "archive")),
        ("FIELD_WIRE_JSON_COMPATIBLE_TYPE", OLD.replace("string b", "bytes b"), ("mailer", "archive")),
        ("ENUM_VALUE_SAME_NAME", OLD.replace("PAID", "FREE"), ("mailer", "archive")),
        ("FILE_SAME_PACKAGE", f"package shop.other.v1; {OLD}", ("ledger", "mailer", "archive")),
    ],
)
def test_a_refusal_names_the_consumers_it_hits(rule: str, new: str, hit: tuple[str, ...]) -> None:
    report = check([proto(OLD)], proto(new), level=Level.BACKWARD, mode=Mode.HOUSE, readers=READERS)

    assert next(finding.consumers for finding in report.breaking if finding.id == rule) == hit


def test_without_readers_nobody_is_named() -> None:
    report = check([proto(OLD)], proto(OLD.replace("int32 a", "int32 c")), level=Level.BACKWARD, mode=Mode.HOUSE)

    assert {finding.consumers for finding in report.breaking} == {()}
