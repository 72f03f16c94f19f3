"""COMMENT_ENUM: An enum has a comment."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    places = Places(file)
    for enum in file.all_enums():
        if not places.comment(enum):
            yield Fault(f"The enum {enum.name} has no comment: say what it is to those who read it.", enum)


RULE = LintRule(
    id="COMMENT_ENUM",
    purpose="An enum has a comment.",
    check=_check,
)
