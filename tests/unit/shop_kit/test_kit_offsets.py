"""Offsets: nothing is committed beyond the oldest message that is not done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from shop_kit.kafka.offsets import PartitionOffsets


@given(st.permutations(range(10, 30)))
def test_the_position_never_passes_an_unfinished_message(order: list[int]) -> None:
    offsets = PartitionOffsets()
    for offset in range(10, 30):
        offsets.begin(offset)
    unfinished = set(order)
    last = 10

    for offset in order:
        unfinished.remove(offset)
        position = offsets.finish(offset)
        if position is not None:
            assert position > last
            last = position
        assert last == (min(unfinished) if unfinished else 30)
        assert (offsets.unfinished, offsets.span) == (len(unfinished), 30 - last)
