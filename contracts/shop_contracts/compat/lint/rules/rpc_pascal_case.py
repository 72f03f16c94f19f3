"""RPC_PASCAL_CASE: RPCs are PascalCase."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for service in file.services:
        for method in service.methods:
            if not cases.is_pascal(method.name):
                yield Fault(f"The RPC {method.name} is not PascalCase.", method)


RULE = LintRule(
    id="RPC_PASCAL_CASE",
    purpose="RPCs are PascalCase.",
    check=_check,
)
