"""PACKAGE_EXTENSION_NO_DELETE: An extension stays in its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, field_path
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    packages = {file.package for file in pair.new.files.values()}
    kept = {one.full_name for one in pair.new.extensions()}
    for extension in pair.old.extensions():
        if extension.file.package in packages and extension.full_name not in kept:
            yield Break(
                field_path(extension),
                f"extension {extension.full_name}",
                ABSENT,
                f"The extension {extension.full_name} is gone from its package: code that uses it no longer compiles.",
                extension.file.path if extension.file.path in pair.new.files else None,
                extension,
            )


RULE = Rule(
    id="PACKAGE_EXTENSION_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE}),
    purpose="An extension stays in its package.",
    check=_check,
)
