"""ONEOF_NO_DELETE: A oneof stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    for name in pair.old.oneofs:
        if name not in pair.new.oneofs:
            yield pair.breaks(
                f"The oneof {name} is gone: code that switches over it no longer compiles.", before=f"oneof {name}", after=ABSENT
            )


RULE = Rule(
    id="ONEOF_NO_DELETE",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A oneof stays.",
    check=_check,
)
