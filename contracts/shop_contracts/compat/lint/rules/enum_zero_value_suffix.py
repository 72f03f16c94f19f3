"""ENUM_ZERO_VALUE_SUFFIX: The zero value of an enum ends with _UNSPECIFIED."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        for name in enum.by_number.get(0, []):
            if not name.endswith("_UNSPECIFIED"):
                yield Fault(f"{name} is what unset reads as, so it should end with _UNSPECIFIED and mean nothing.", enum)


RULE = LintRule(
    id="ENUM_ZERO_VALUE_SUFFIX",
    purpose="The zero value of an enum ends with _UNSPECIFIED.",
    check=_check,
)
