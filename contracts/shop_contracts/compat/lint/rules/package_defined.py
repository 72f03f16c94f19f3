"""PACKAGE_DEFINED: Every file has a package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    if not file.package:
        yield Fault("The file has no package: its names are everybody's.", file)


RULE = LintRule(
    id="PACKAGE_DEFINED",
    purpose="Every file has a package.",
    check=_check,
)
