"""COMMENT_SERVICE: A service has a comment."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    places = Places(file)
    for service in file.services:
        if not places.comment(service):
            yield Fault(f"The service {service.name} has no comment: say what it is to those who read it.", service)


RULE = LintRule(
    id="COMMENT_SERVICE",
    purpose="A service has a comment.",
    check=_check,
)
