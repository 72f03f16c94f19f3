from __future__ import annotations

import pytest
from fakes.proto_sources import REFERENCES, sources
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from hypothesis import given, settings
from shop_contracts.protobuf.compiler import compile_proto
from shop_contracts.protobuf.descriptors import compile_descriptor
from shop_contracts.protobuf.printer import Unprintable, default_json_name, print_descriptor, print_proto


@given(sources())
@settings(deadline=None, max_examples=40)
def test_what_is_printed_compiles_back_to_the_same_descriptor(source: str) -> None:
    compiled = compile_proto(source, REFERENCES)

    printed = print_proto(compiled)

    assert compile_proto(printed, REFERENCES).file == compiled.file
    assert print_proto(compile_proto(printed, REFERENCES)) == printed
    assert compile_descriptor(compiled.file.SerializeToString(), REFERENCES).file == compiled.file


def test_a_file_is_printed_as_one_would_write_it() -> None:
    source = """\
syntax = "proto3";
package shop.orders.v1;

import "google/protobuf/timestamp.proto";

option java_package = "shop";

message Order {
  reserved 4, 6 to 8;
  reserved "gone";
  string id = 1;
  repeated Line lines = 2;
  optional string note = 3;
  map<string, Line> by_sku = 5 [deprecated = true];
  oneof payer {
    string customer = 9;
    Line line = 10;
  }
  google.protobuf.Timestamp placed_at = 11 [json_name = "when"];

  message Line {
    string sku = 1;
  }

  enum State {
    STATE_UNSPECIFIED = 0;
    STATE_PAID = 1;
  }
}

service Orders {
  rpc Place(Order) returns (stream Order.Line) {
    option idempotency_level = IDEMPOTENT;
  }
  rpc Watch(stream Order) returns (Order);
}
"""

    assert print_proto(compile_proto(source)) == source


def test_a_name_that_is_hidden_by_a_nearer_one_is_printed_in_full() -> None:
    source = 'syntax = "proto3"; package a.a; message A { message A { .a.a.A outer = 1; A inner = 2; } }'
    compiled = compile_proto(source)

    assert compile_proto(print_proto(compiled)).file == compiled.file


def test_public_and_weak_imports_keep_their_kind() -> None:
    references = {"p.proto": 'syntax = "proto3"; message P {}', "w.proto": 'syntax = "proto3"; message W {}'}
    compiled = compile_proto(
        'syntax = "proto3"; import public "p.proto"; import "w.proto"; message A { P p = 1; W w = 2; }', references
    )

    printed = print_proto(compiled)

    assert 'import public "p.proto";\nimport "w.proto";' in printed


def test_maps_between_messages_keep_the_order_of_messages() -> None:
    source = (
        'syntax = "proto3"; message A { message First {} map<string, First> one = 1; message Last {} map<int32, Last> two = 2; }'
    )
    compiled = compile_proto(source)

    printed = compile_proto(print_proto(compiled))

    assert [nested.name for nested in printed.file.message_type[0].nested_type] == ["First", "OneEntry", "Last", "TwoEntry"]


def test_an_option_that_nobody_defines_cannot_be_printed() -> None:
    file = FileDescriptorProto(syntax="proto3")
    file.options.MergeFromString(b"\x8a\xb5\x18\x01x")  # field 50001, a string

    with pytest.raises(Unprintable, match="defined neither in the file nor in its imports"):
        print_descriptor(file, compile_proto('syntax = "proto3";').dependencies)


@pytest.mark.parametrize(
    ("name", "json_name"),
    [("id", "id"), ("order_id", "orderId"), ("_x", "X"), ("a__b", "aB"), ("a_1b", "a1b"), ("HTTP_code", "HTTPCode"), ("x_", "x")],
)
def test_default_json_names_are_those_of_the_compiler(name: str, json_name: str) -> None:
    compiled = compile_proto(f'syntax = "proto3"; message A {{ string {name} = 1; }}')

    assert compiled.file.message_type[0].field[0].json_name == json_name == default_json_name(name)
