"""ENUM_VALUE_UPPER_SNAKE_CASE: Enum values are UPPER_SNAKE_CASE."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        for value in enum.values:
            if not cases.is_upper_snake(value.name):
                yield Fault(f"The enum value {value.name} is not UPPER_SNAKE_CASE.", enum)


RULE = LintRule(
    id="ENUM_VALUE_UPPER_SNAKE_CASE",
    purpose="Enum values are UPPER_SNAKE_CASE.",
    check=_check,
)
