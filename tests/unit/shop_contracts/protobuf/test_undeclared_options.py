from __future__ import annotations

import pytest
from shop_contracts.protobuf.compiled import InvalidProto
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.protobuf.undeclared import compile_leniently, tokens_of

HEAD = 'syntax = "proto3";\n'


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("message A { string x = 1 [(a.b) = 1]; }", "message A { string x = 1; }"),
        ("message A { string x = 1 [(a).b.c = {y: [1, 2], z: ']'}]; }", "message A { string x = 1; }"),
        ("message A { string x = 1 [deprecated = true, (a) = 1]; }", "message A { string x = 1 [deprecated = true]; }"),
        ("message A { string x = 1 [(a) = 1, deprecated = true]; }", "message A { string x = 1 [deprecated = true]; }"),
        ("message A { string x = 1 [(a) = 1, (b) = 'x,y', json_name = 'z']; }", "message A { string x = 1 [json_name = 'z']; }"),
        ("message A { /* [(a) = 1] */ string x = 1 [ /* , */ (a) = 1 // ]\n ]; }", "message A { string x = 1; }"),
        ("option (a) = 'option (b) = 1;';", ""),
        ("message A { option (a) = {b: {c: 1} d: [1]}; string option = 1; }", "message A { string option = 1; }"),
        ("enum A { X = 0 [(a) = true]; }", "enum A { X = 0; }"),
        ("message A {} service S { rpc R(A) returns (A) {option (a) = 1;} }", "message A {} service S {rpc R(A) returns (A) {}}"),
        ("message A { oneof o { option (a) = 1; string x = 1; } }", "message A { oneof o { string x = 1; } }"),
        ("message A { map<string, string> m = 1 [(a) = 1]; }", "message A { map<string, string> m = 1; }"),
        ("message A { string x = 1 [(.a.b) = 1, ( c . d ) = 2]; }", "message A { string x = 1; }"),
    ],
)  # fmt: skip
def test_a_file_is_compiled_as_if_its_undeclared_options_were_not_there(given: str, left: str) -> None:
    assert compile_leniently(HEAD + given, {}).compiled.file == compile_proto(HEAD + left).file


def test_options_that_are_declared_stay() -> None:
    declared = 'import "google/protobuf/descriptor.proto"; extend google.protobuf.FieldOptions { string owner = 50001; }'
    text = f"{HEAD}{declared} message A {{ string x = 1 [(owner) = 'me', (other) = 1]; }}"

    read = compile_leniently(text, {})

    assert read.undeclared == ("other",)
    assert read.compiled.file == compile_proto(text.replace(", (other) = 1", "")).file


def test_options_of_imports_are_left_out_and_not_told() -> None:
    base = f"{HEAD} message Base {{ string x = 1 [(a) = 1]; }}"

    read = compile_leniently(f'{HEAD} import "schema.proto"; message A {{ Base b = 1; }}', {"schema.proto": base})

    assert read.undeclared == ()
    assert [field.name for field in read.compiled.dependencies[0].message_type[0].field] == ["x"]


@pytest.mark.parametrize("text", ["message A { string x = 1 [(a) = 1; }", "message A { strin x = 1 [(a) = 1]; }", "option (a"])
def test_what_is_wrong_otherwise_stays_wrong(text: str) -> None:
    with pytest.raises(InvalidProto):
        compile_leniently(HEAD + text, {})


def test_many_options_take_few_compilations() -> None:
    fields = " ".join(f"string f{n} = {n} [(o.n{n}) = 1];" for n in range(1, 400))

    assert len(compile_leniently(f"{HEAD} message A {{ {fields} }}", {}).undeclared) == 399


def test_tokens_leave_out_comments_and_layout_only() -> None:
    assert tokens_of("a /* b */ = 'c // d'; // e\n") == tokens_of("a='c // d'\n;")
    assert tokens_of("a = 'b'") != tokens_of("a = 'c'")
