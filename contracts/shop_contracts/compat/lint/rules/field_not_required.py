"""FIELD_NOT_REQUIRED: No field is required."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for message in file.all_messages():
        for field in message.fields:
            if field.is_required:
                yield Fault(f"{field.name} is required, and so for ever: readers refuse records without it.", field)


RULE = LintRule(
    id="FIELD_NOT_REQUIRED",
    purpose="No field is required.",
    check=_check,
)
