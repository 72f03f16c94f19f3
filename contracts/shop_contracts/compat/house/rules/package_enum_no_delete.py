"""PACKAGE_ENUM_NO_DELETE: An enum stays in its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    packages = {file.package for file in pair.new.files.values()}
    for enum in pair.old.enums.values():
        if enum.file.package in packages and enum.full_name not in pair.new.enums:
            yield Break(
                path_of(enum.local_name),
                f"enum {enum.full_name}",
                ABSENT,
                f"The enum {enum.full_name} is gone from its package: code that names it no longer compiles.",
                enum.file.path if enum.file.path in pair.new.files else None,
                enum,
            )


RULE = Rule(
    id="PACKAGE_ENUM_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE}),
    purpose="An enum stays in its package.",
    check=_check,
)
