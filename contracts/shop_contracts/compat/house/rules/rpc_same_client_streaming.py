"""RPC_SAME_CLIENT_STREAMING: An RPC takes one request or a stream of them, as before."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MethodPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MethodPair) -> Iterator[Break]:
    before, after = pair.old.proto.client_streaming, pair.new.proto.client_streaming
    if before != after:
        yield pair.breaks(
            "Callers send one request where a stream is awaited, or the reverse.",
            before="stream of requests" if before else "one request",
            after="stream of requests" if after else "one request",
        )


RULE = Rule(
    id="RPC_SAME_CLIENT_STREAMING",
    on=MethodPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE, Category.RPC}),
    purpose="An RPC takes one request or a stream of them, as before.",
    check=_check,
)
