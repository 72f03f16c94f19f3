"""FIELD_NO_DESCRIPTOR: No field is called descriptor."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for message in file.all_messages():
        for field in message.fields:
            if field.name.strip("_").lower() == "descriptor":
                yield Fault(f"The field {field.name} collides with what generated code calls the message's description.", field)


RULE = LintRule(
    id="FIELD_NO_DESCRIPTOR",
    purpose="No field is called descriptor.",
    check=_check,
)
