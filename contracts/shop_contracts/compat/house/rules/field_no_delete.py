"""FIELD_NO_DELETE: A field stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    for number, field in pair.old.by_number.items():
        if number not in pair.new.by_number:
            yield pair.breaks(
                f"{field.name} is gone: code that uses it no longer compiles.",
                before=field.declaration,
                after=ABSENT,
                at=str(number),
                old=field,
            )


RULE = Rule(
    id="FIELD_NO_DELETE",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A field stays.",
    check=_check,
)
