"""ENUM_NO_DELETE: An enum stays in its file."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    kept = {enum.local_name for enum in pair.new.all_enums()}
    for enum in pair.old.all_enums():
        if enum.local_name not in kept:
            yield Break(
                path_of(enum.local_name),
                f"enum {enum.local_name}",
                ABSENT,
                f"The enum {enum.local_name} is gone from {pair.new.path}: code that imports it from there no longer compiles.",
                pair.new.path,
                enum,
            )


RULE = Rule(
    id="ENUM_NO_DELETE",
    on=FilePair,
    categories=frozenset({Category.FILE}),
    purpose="An enum stays in its file.",
    check=_check,
)
