"""PACKAGE_NO_DELETE: A package stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.pairs import ABSENT, Break, SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    kept = {file.package for file in pair.new.files.values()}
    for package in sorted({file.package for file in pair.old.files.values()} - kept):
        yield Break("#/", f"package {package or '(none)'}", ABSENT, f"Nothing is left of the package {package or '(none)'}.")


RULE = Rule(
    id="PACKAGE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE}),
    purpose="A package stays.",
    check=_check,
)
