"""RPC_NO_DELETE: An RPC stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import ServicePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: ServicePair) -> Iterator[Break]:
    kept = {method.name for method in pair.new.methods}
    for method in pair.old.methods:
        if method.name not in kept:
            yield pair.breaks(
                f"The RPC {method.name} is gone: its callers get UNIMPLEMENTED.",
                before=f"rpc {method.name}",
                after=ABSENT,
                at=method.name,
            )


RULE = Rule(
    id="RPC_NO_DELETE",
    on=ServicePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.RPC}),
    purpose="An RPC stays.",
    check=_check,
)
