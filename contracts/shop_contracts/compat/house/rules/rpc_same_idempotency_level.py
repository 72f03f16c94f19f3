"""RPC_SAME_IDEMPOTENCY_LEVEL: An RPC keeps its idempotency level."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import MethodOptions

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MethodPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MethodPair) -> Iterator[Break]:
    before, after = pair.old.proto.options.idempotency_level, pair.new.proto.options.idempotency_level
    if before != after:
        yield pair.breaks(
            "Callers and proxies retry, or cache, by the level.",
            before=MethodOptions.IdempotencyLevel.Name(before),
            after=MethodOptions.IdempotencyLevel.Name(after),
        )


RULE = Rule(
    id="RPC_SAME_IDEMPOTENCY_LEVEL",
    on=MethodPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE, Category.RPC}),
    purpose="An RPC keeps its idempotency level.",
    check=_check,
)
