"""RPC_SAME_REQUEST_TYPE: An RPC keeps its request type."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MethodPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MethodPair) -> Iterator[Break]:
    before, after = pair.old.proto.input_type, pair.new.proto.input_type
    if before != after:
        yield pair.breaks(
            "Callers send a message that the server reads as another.",
            before=before.removeprefix("."),
            after=after.removeprefix("."),
        )


RULE = Rule(
    id="RPC_SAME_REQUEST_TYPE",
    on=MethodPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE, Category.RPC}),
    purpose="An RPC keeps its request type.",
    check=_check,
)
