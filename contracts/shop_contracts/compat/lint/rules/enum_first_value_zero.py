"""ENUM_FIRST_VALUE_ZERO: The first value of an enum is 0."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        if enum.values[0].number != 0:
            number = enum.values[0].number
            yield Fault(f"The enum {enum.name} starts with {number}: unset reads as a value that somebody may have meant.", enum)


RULE = LintRule(
    id="ENUM_FIRST_VALUE_ZERO",
    purpose="The first value of an enum is 0.",
    check=_check,
)
