"""PACKAGE_LOWER_SNAKE_CASE: The parts of a package are lower_snake_case."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    if file.package and not all(cases.is_lower_snake(part) for part in file.package.split(".")):
        yield Fault(f"The package {file.package} is not lower_snake_case.", file, "package")


RULE = LintRule(
    id="PACKAGE_LOWER_SNAKE_CASE",
    purpose="The parts of a package are lower_snake_case.",
    check=_check,
)
