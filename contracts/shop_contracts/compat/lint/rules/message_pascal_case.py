"""MESSAGE_PASCAL_CASE: Messages are PascalCase."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for message in file.all_messages():
        if not message.is_map_entry and not cases.is_pascal(message.name):
            yield Fault(f"The message {message.name} is not PascalCase.", message)


RULE = LintRule(
    id="MESSAGE_PASCAL_CASE",
    purpose="Messages are PascalCase.",
    check=_check,
)
