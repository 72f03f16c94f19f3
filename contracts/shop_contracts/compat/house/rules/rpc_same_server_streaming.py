"""RPC_SAME_SERVER_STREAMING: An RPC gives one response or a stream of them, as before."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MethodPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MethodPair) -> Iterator[Break]:
    before, after = pair.old.proto.server_streaming, pair.new.proto.server_streaming
    if before != after:
        yield pair.breaks(
            "Callers await one response where a stream comes, or the reverse.",
            before="stream of responses" if before else "one response",
            after="stream of responses" if after else "one response",
        )


RULE = Rule(
    id="RPC_SAME_SERVER_STREAMING",
    on=MethodPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE, Category.RPC}),
    purpose="An RPC gives one response or a stream of them, as before.",
    check=_check,
)
