"""ENUM_NO_ALLOW_ALIAS: Enums have no aliases."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for enum in file.all_enums():
        if enum.proto.options.allow_alias:
            yield Fault(f"The enum {enum.name} has several names for one number: JSON only ever shows the first.", enum)


RULE = LintRule(
    id="ENUM_NO_ALLOW_ALIAS",
    purpose="Enums have no aliases.",
    check=_check,
)
