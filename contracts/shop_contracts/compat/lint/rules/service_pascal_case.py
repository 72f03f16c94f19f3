"""SERVICE_PASCAL_CASE: Services are PascalCase."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for service in file.services:
        if not cases.is_pascal(service.name):
            yield Fault(f"The service {service.name} is not PascalCase.", service)


RULE = LintRule(
    id="SERVICE_PASCAL_CASE",
    purpose="Services are PascalCase.",
    check=_check,
)
