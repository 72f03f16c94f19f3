"""SERVICE_SUFFIX: Services end with Service."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for service in file.services:
        if not service.name.endswith("Service"):
            yield Fault(f"The service {service.name} does not end with Service.", service)


RULE = LintRule(
    id="SERVICE_SUFFIX",
    purpose="Services end with Service.",
    check=_check,
)
