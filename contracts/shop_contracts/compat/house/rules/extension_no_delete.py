"""EXTENSION_NO_DELETE: An extension stays in its file."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, field_path
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    kept = {extension.full_name for extension in pair.new.all_extensions()}
    for extension in pair.old.all_extensions():
        if extension.full_name not in kept:
            yield Break(
                field_path(extension),
                extension.declaration,
                ABSENT,
                f"The extension {extension.full_name} is gone from {pair.new.path}: code that uses it no longer compiles.",
                pair.new.path,
                extension,
            )


RULE = Rule(
    id="EXTENSION_NO_DELETE",
    on=FilePair,
    categories=frozenset({Category.FILE}),
    purpose="An extension stays in its file.",
    check=_check,
)
