"""FILE_LOWER_SNAKE_CASE: File names are lower_snake_case.proto."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    name = file.path.rpartition("/")[2].removesuffix(".proto")
    if not cases.is_lower_snake(name):
        yield Fault(f"The file name {name}.proto is not lower_snake_case.", file)


RULE = LintRule(
    id="FILE_LOWER_SNAKE_CASE",
    purpose="File names are lower_snake_case.proto.",
    check=_check,
)
