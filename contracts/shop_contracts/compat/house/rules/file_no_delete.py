"""FILE_NO_DELETE: A file stays where it is."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    for path, file in pair.old.files.items():
        if path not in pair.new.files:
            yield Break("#/", path, ABSENT, f"The file {path} is gone: whoever imports it no longer compiles.", None, file)


RULE = Rule(
    id="FILE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.FILE}),
    purpose="A file stays where it is.",
    check=_check,
)
