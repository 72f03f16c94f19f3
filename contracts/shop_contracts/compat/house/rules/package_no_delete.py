"""PACKAGE_NO_DELETE: A package stays."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    kept = {file.package for file in pair.new.files.values()}
    gone = {file.package: file for file in pair.old.files.values() if file.package not in kept}
    for package, file in sorted(gone.items()):
        name = package or "(none)"
        yield Break("#/", f"package {name}", ABSENT, f"Nothing is left of the package {name}.", None, file)


RULE = Rule(
    id="PACKAGE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE}),
    purpose="A package stays.",
    check=_check,
)
