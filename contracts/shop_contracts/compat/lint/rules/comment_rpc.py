"""COMMENT_RPC: An RPC has a comment."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    places = Places(file)
    for service in file.services:
        for method in service.methods:
            if not places.comment(method):
                yield Fault(f"The RPC {method.name} has no comment: say what it does and when it fails.", method)


RULE = LintRule(
    id="COMMENT_RPC",
    purpose="An RPC has a comment.",
    check=_check,
)
