"""The wire format: what Confluent's own serialiser writes and reads, and no other bytes."""

from __future__ import annotations

import pytest
from confluent_kafka.schema_registry.protobuf import _create_index_array
from hypothesis import example, given
from hypothesis import strategies as st
from shop_contracts.proto.inventory.v1 import commands_pb2, events_pb2
from shop_kit import wire


def test_the_first_message_of_a_file_has_the_short_path() -> None:
    assert wire.body(events_pb2.InventoryEvent(order_id="o")) == b"\x00\x0a\x01o"


@pytest.mark.parametrize(
    "kind", [commands_pb2.InventoryCommand, commands_pb2.StockLine, commands_pb2.ReleaseStock, events_pb2.StockShortage]
)
def test_paths_are_those_of_confluents_serialiser(kind: type) -> None:
    assert list(wire.message_path(kind)) == _create_index_array(kind.DESCRIPTOR)  # type: ignore[attr-defined]  # a generated message


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**20), min_size=1, max_size=6), st.binary(max_size=50))
def test_what_is_framed_is_unframed_as_it_was(schema_id: int, path: list[int], content: bytes) -> None:
    framed = wire.frame(schema_id, wire.encode_path(tuple(path)) + content)

    assert wire.unframe(framed) == (schema_id, tuple(path), content)


@example(b"\x00\x00\x00\x00\x01")
@example(b"\x00\x00\x00\x00\x01\x80")
@example(b"\x00\x00\x00\x00\x01\x04\x02")
@given(st.binary(max_size=40))
def test_any_other_bytes_are_refused_or_read_but_never_crash(value: bytes) -> None:
    try:
        wire.unframe(value)
    except wire.MalformedMessage:
        return
    assert value[0] == 0
