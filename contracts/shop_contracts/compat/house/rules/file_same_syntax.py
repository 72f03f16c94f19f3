"""FILE_SAME_SYNTAX: A file keeps its syntax."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    if pair.old.syntax != pair.new.syntax:
        yield pair.breaks(
            "Another syntax has other defaults for presence, enums and UTF-8, and generates other code.",
            before=pair.old.syntax,
            after=pair.new.syntax,
        )


RULE = Rule(
    id="FILE_SAME_SYNTAX",
    on=FilePair,
    categories=frozenset({Category.FILE, Category.PACKAGE}),
    purpose="A file keeps its syntax.",
    check=_check,
)
