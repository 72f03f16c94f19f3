"""ONEOF_LOWER_SNAKE_CASE: Oneofs are lower_snake_case."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for message in file.all_messages():
        for name in message.oneofs:
            if not cases.is_lower_snake(name):
                yield Fault(f"The oneof {name} is not lower_snake_case.", message)


RULE = LintRule(
    id="ONEOF_LOWER_SNAKE_CASE",
    purpose="Oneofs are lower_snake_case.",
    check=_check,
)
