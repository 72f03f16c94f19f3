"""IMPORT_NO_PUBLIC: Imports are not public."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for index in file.proto.public_dependency:
        path = file.proto.dependency[index]
        yield Fault(f"{path} is imported publicly: who imports this file depends on it unseen.", file, "import", index)


RULE = LintRule(
    id="IMPORT_NO_PUBLIC",
    purpose="Imports are not public.",
    check=_check,
)
