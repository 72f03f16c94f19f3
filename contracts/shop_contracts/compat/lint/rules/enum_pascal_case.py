"""ENUM_PASCAL_CASE: Enums are PascalCase."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        if not cases.is_pascal(enum.name):
            yield Fault(f"The enum {enum.name} is not PascalCase.", enum)


RULE = LintRule(
    id="ENUM_PASCAL_CASE",
    purpose="Enums are PascalCase.",
    check=_check,
)
