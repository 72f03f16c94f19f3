"""FIELD_LOWER_SNAKE_CASE: Fields are lower_snake_case."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for message in file.all_messages():
        for field in message.fields:
            if not message.is_map_entry and not cases.is_lower_snake(field.name):
                yield Fault(f"The field {field.name} is not lower_snake_case; JSON makes lowerCamelCase of it by itself.", field)


RULE = LintRule(
    id="FIELD_LOWER_SNAKE_CASE",
    purpose="Fields are lower_snake_case.",
    check=_check,
)
