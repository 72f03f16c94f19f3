from __future__ import annotations

import os
import threading

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from hypothesis import given
from hypothesis import strategies as st
from shop_contracts.protobuf import compiler
from shop_contracts.protobuf.compiled import InvalidProto, Problem
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.protobuf.descriptors import compile_descriptor

ORDER = 'syntax = "proto3";\npackage shop;\nmessage Order { string id = 1; }\n'


def problems_of(text: str, references: dict[str, str] | None = None) -> list[Problem]:
    with pytest.raises(InvalidProto) as raised:
        compile_proto(text, references)
    return list(raised.value.problems)


def test_a_file_compiles_to_its_descriptor() -> None:
    compiled = compile_proto(ORDER)

    assert compiled.file.package == "shop"
    assert [field.name for field in compiled.file.message_type[0].field] == ["id"]
    assert compiled.dependencies == ()


def test_imports_come_before_the_files_that_need_them() -> None:
    references = {"a.proto": 'syntax = "proto3"; import "b/c.proto";', "b/c.proto": 'syntax = "proto3"; message C {}'}

    compiled = compile_proto('syntax = "proto3"; import "a.proto";', references)

    assert [dependency.name for dependency in compiled.dependencies] == ["b/c.proto", "a.proto"]


@pytest.mark.parametrize(
    "path",
    [
        "google/protobuf/timestamp.proto",
        "google/protobuf/descriptor.proto",
        "google/type/money.proto",
        "confluent/meta.proto",
        "confluent/type/decimal.proto",
        "confluent/types/decimal.proto",
        "confluent/type/variant.proto",
    ],
)
def test_well_known_imports_need_no_reference(path: str) -> None:
    compiled = compile_proto(f'syntax = "proto3"; import "{path}";')

    assert compiled.dependencies[-1].name == path


@pytest.mark.parametrize("module", ["meta_pb2", "type.decimal_pb2", "type.variant_pb2", "types.decimal_pb2"])
def test_the_built_in_confluent_files_are_those_of_the_client(module: str) -> None:
    import importlib

    theirs = importlib.import_module(f"confluent_kafka.schema_registry.confluent.{module}").DESCRIPTOR
    ours = compile_proto(f'syntax = "proto3"; import "{theirs.name}";').dependencies[-1]
    pool = descriptor_pool.Default()

    copy = FileDescriptorProto()
    pool.FindFileByName(theirs.name).CopyToProto(copy)
    for message in (copy, ours):
        without_json_names(message)
    assert ours == copy


def without_json_names(file: FileDescriptorProto) -> None:
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
        for nested in message.nested_type:
            for field in nested.field:
                field.ClearField("json_name")
    for extension in file.extension:
        extension.ClearField("json_name")


def test_nothing_else_that_is_installed_can_be_imported() -> None:
    assert problems_of('syntax = "proto3"; import "google/api/annotations.proto";')[0].file == "google/api/annotations.proto"


def test_a_reference_cannot_stand_in_for_a_well_known_file() -> None:
    fake = 'syntax = "proto3"; package google.protobuf; message Timestamp { string text = 1; }'

    compiled = compile_proto(
        'syntax = "proto3"; import "google/protobuf/timestamp.proto";', {"google/protobuf/timestamp.proto": fake}
    )

    assert [field.name for field in compiled.dependencies[0].message_type[0].field] == ["seconds", "nanos"]


def test_every_problem_is_named_with_file_line_and_column() -> None:
    found = problems_of('syntax = "proto3";\nmessage A { strin a = 1;\n  Missing b = 2; }\n')

    assert [(p.file, p.line, p.column) for p in found] == [("schema.proto", 2, 13), ("schema.proto", 3, 3)]
    assert '"strin" is not defined.' in str(found[0])


def test_a_problem_in_an_import_names_the_import() -> None:
    found = problems_of('syntax = "proto3"; import "bad.proto";', {"bad.proto": 'syntax = "proto3";\nmessage {'})

    assert (found[0].file, found[0].line) == ("bad.proto", 2)


def test_an_unknown_import_is_a_problem() -> None:
    assert "missing.proto: File not found." in str(InvalidProto(problems_of('syntax = "proto3"; import "missing.proto";')))


def test_imports_in_a_circle_are_a_problem() -> None:
    found = problems_of('import "a.proto";', {"a.proto": 'import "b.proto";', "b.proto": 'import "a.proto";'})

    assert any("recursively imports itself" in problem.message for problem in found)


@pytest.mark.parametrize(
    "name", ["../up.proto", "/etc/passwd", "a//b.proto", "./a.proto", "a\0b", "", "c:\\x.proto", "a/../b.proto"]
)
def test_a_reference_cannot_leave_its_folder(name: str) -> None:
    assert "no relative path" in problems_of(ORDER, {name: ORDER})[0].message


def test_a_reference_named_like_a_folder_of_another_is_a_problem() -> None:
    assert "named like a folder" in problems_of(ORDER, {"a": ORDER, "a/b.proto": ORDER})[0].message


def test_braces_nested_too_deep_are_refused_before_the_compiler_sees_them() -> None:
    deep = 'syntax = "proto3";\nmessage A { option (x) = ' + "{ r " * 200_000 + "}" * 200_000 + "; }"

    assert "nested more than" in problems_of(deep)[0].message


def test_braces_in_texts_and_comments_do_not_count() -> None:
    text = ORDER + "// " + "{" * 500 + "\n/* " + "{" * 500 + ' */\nmessage B { string a = 1 [json_name = "' + "{" * 500 + '"]; }'

    assert len(compile_proto(text).file.message_type) == 2


def test_a_string_that_never_ends_cannot_hide_braces() -> None:
    assert problems_of('syntax = "proto3; ' + "{" * 5_000)


def test_sources_that_are_too_large_are_refused() -> None:
    half = "// " + "x" * (compiler.MAX_SOURCE_BYTES // 2)

    assert "bytes" in problems_of(half, {"other.proto": half})[0].message


def test_too_many_references_are_refused() -> None:
    references = {f"r{number}.proto": "" for number in range(compiler.MAX_FILES)}

    assert "references" in problems_of(ORDER, references)[0].message


def test_a_long_chain_of_imports_compiles() -> None:
    length = compiler.MAX_FILES - 2
    chain = {f"c{n}.proto": f'syntax = "proto3"; import "c{n + 1}.proto";' for n in range(length)}
    chain[f"c{length}.proto"] = 'syntax = "proto3";'

    assert len(compile_proto('syntax = "proto3"; import "c0.proto";', chain).dependencies) == length + 1


def test_many_paths_to_one_import_cost_one_compilation_of_it() -> None:
    layers = {
        f"l{layer}_{side}.proto": "syntax = 'proto3'; " + "".join(f"import 'l{layer + 1}_{other}.proto';" for other in "ab")
        for layer in range(30)
        for side in "ab"
    }
    layers |= {f"l30_{side}.proto": "syntax = 'proto3';" for side in "ab"}

    compiled = compile_proto("syntax = 'proto3'; import 'l0_a.proto'; import 'l0_b.proto';", layers)

    assert len(compiled.dependencies) == 62


def test_half_a_surrogate_pair_is_named_with_its_line() -> None:
    assert (problems_of("\n\n// \ud800")[0].line, "surrogate" in problems_of("// \ud800")[0].message) == (3, True)


def test_a_file_that_crashes_the_compiler_is_refused() -> None:
    found = problems_of('edition = "2024"; import /* of */\n option "missing.proto";')

    assert "The compiler crashed" in found[0].message


def test_imports_of_options_work() -> None:
    options = 'edition = "2024"; package o; import option "google/protobuf/descriptor.proto";'

    compiled = compile_proto('edition = "2024"; import option "o.proto";', {"o.proto": options})

    assert list(compiled.file.option_dependency) == ["o.proto"]


def test_a_reference_may_have_the_name_of_the_file() -> None:
    compiled = compile_proto(
        'syntax = "proto3"; import "schema.proto"; message B { A a = 1; }', {"schema.proto": 'syntax = "proto3"; message A {}'}
    )

    assert compiled.file.name == "_schema.proto"


def test_comments_are_kept_when_asked_for() -> None:
    compiled = compile_proto("// hello\n" + ORDER, source_info=True)

    assert compiled.file.source_code_info.location
    assert not compile_proto("// hello\n" + ORDER).file.HasField("source_code_info")


def test_options_of_every_retention_are_kept() -> None:
    text = 'syntax = "proto2"; message A { extensions 4 to 9 [declaration = {number: 4 full_name: ".x.y" type: ".A"}]; }'

    assert compile_proto(text).file.message_type[0].extension_range[0].options.declaration


def test_the_compiler_leaves_no_line_on_stderr_and_gives_it_back(capfd: pytest.CaptureFixture[str]) -> None:
    problems_of("nonsense")
    os.write(2, b"ours\n")

    assert capfd.readouterr().err == "ours\n"


@pytest.mark.parametrize("part", ["/*", '"\\"', "'", '"'])
def test_a_source_of_unfinished_parts_costs_linear_time(part: str) -> None:
    assert problems_of(part * 500_000)


def test_compilations_in_many_threads_do_not_mix() -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        for _ in range(5):
            if number % 2:
                if compile_proto(f'syntax = "proto3"; message M{number} {{}}').file.message_type[0].name != f"M{number}":
                    failures.append(number)
            elif f"Missing{number}" not in str(InvalidProto(problems_of(f"message M {{ optional Missing{number} a = 1; }}"))):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_nothing_is_left_on_disk(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    where = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(str(tmp_path))
    before = set(where.glob("shop-protoc-*"))

    compile_proto(ORDER)
    problems_of("nonsense")

    assert set(where.glob("shop-protoc-*")) <= before


def test_a_descriptor_compiles_to_what_its_text_compiles_to() -> None:
    compiled = compile_proto(ORDER)

    assert compile_descriptor(compiled.file.SerializeToString()).file == compiled.file


def test_a_descriptor_as_clients_send_it_is_the_same_as_the_text() -> None:
    from google.protobuf import timestamp_pb2

    head = 'syntax = "proto3"; package google.protobuf2; option java_package = "p";'
    text = f"{head} message Timestamp {{ int64 seconds = 1; int32 nanos = 2; }}"
    sent = FileDescriptorProto.FromString(timestamp_pb2.DESCRIPTOR.serialized_pb)
    sent.package, sent.name = "google.protobuf2", "other.proto"
    sent.ClearField("options")
    sent.options.java_package = "p"

    assert compile_descriptor(sent).file == compile_proto(text).file


@pytest.mark.parametrize("raw", [b"\xff\xff\xff", b"\x00\x01\x02\x03"])
def test_bytes_that_are_no_descriptor_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidProto):
        compile_descriptor(raw)


def test_a_descriptor_with_a_name_that_is_no_identifier_is_refused() -> None:
    file = FileDescriptorProto(syntax="proto3")
    file.message_type.add(name="A {} message B")

    with pytest.raises(InvalidProto, match="no identifier"):
        compile_descriptor(file)


def test_a_descriptor_whose_import_is_missing_is_refused() -> None:
    file = FileDescriptorProto(syntax="proto3", dependency=["missing.proto"])

    with pytest.raises(InvalidProto, match=r"missing\.proto"):
        compile_descriptor(file)


@given(st.text(max_size=200))
def test_any_text_compiles_or_is_refused_with_problems(text: str) -> None:
    try:
        compile_proto(text)
    except InvalidProto as error:
        assert error.problems


@given(st.binary(max_size=200))
def test_any_bytes_compile_or_are_refused_with_problems(raw: bytes) -> None:
    try:
        compile_descriptor(raw)
    except InvalidProto as error:
        assert error.problems
