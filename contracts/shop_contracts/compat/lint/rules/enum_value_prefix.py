"""ENUM_VALUE_PREFIX: Enum values begin with the name of their enum."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        prefix = f"{cases.upper_snake(enum.name)}_"
        for value in enum.values:
            if not value.name.startswith(prefix):
                yield Fault(f"{value.name} does not begin with {prefix}: values share the scope their enum is declared in.", enum)


RULE = LintRule(
    id="ENUM_VALUE_PREFIX",
    purpose="Enum values begin with the name of their enum.",
    check=_check,
)
