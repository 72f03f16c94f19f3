"""IMPORT_NO_WEAK: Imports are not weak."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for index in file.proto.weak_dependency:
        yield Fault(f"{file.proto.dependency[index]} is imported weakly, which only works inside Google.", file, "import", index)


RULE = LintRule(
    id="IMPORT_NO_WEAK",
    purpose="Imports are not weak.",
    check=_check,
)
