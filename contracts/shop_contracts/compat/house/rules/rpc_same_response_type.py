"""RPC_SAME_RESPONSE_TYPE: An RPC keeps its response type."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MethodPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MethodPair) -> Iterator[Break]:
    before, after = pair.old.proto.output_type, pair.new.proto.output_type
    if before != after:
        yield pair.breaks(
            "The server sends a message that callers read as another.",
            before=before.removeprefix("."),
            after=after.removeprefix("."),
        )


RULE = Rule(
    id="RPC_SAME_RESPONSE_TYPE",
    on=MethodPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE, Category.RPC}),
    purpose="An RPC keeps its response type.",
    check=_check,
)
