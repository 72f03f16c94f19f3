"""The outline of a Protobuf file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_sandbox.manifest.protobuf import ProtoOutline, outline

SOURCE = """
syntax = "proto3";
package shop.orders.v1; // package not.this;
import "a/b.proto";
import public 'c.proto';
/* message Hidden {} import "hidden.proto"; */
option java_package = "message Fake {";
message Order {
  message Line { oneof what { string sku = 1; } }
  enum State { STATE_UNSPECIFIED = 0; }
  map<string, Line> lines = 1 [deprecated = true];
  reserved "message";
}
service Orders { rpc Get(Order) returns (Order) { option x = "}"; } }
message Empty {}
"""


def test_package_imports_and_messages_are_found() -> None:
    assert outline(SOURCE) == ProtoOutline(
        "shop.orders.v1",
        ("a/b.proto", "c.proto"),
        ("shop.orders.v1.Order", "shop.orders.v1.Order.Line", "shop.orders.v1.Empty"),
    )


@given(st.text())
def test_any_text_has_an_outline(text: str) -> None:
    outline(text)
