"""STABLE_PACKAGE_NO_IMPORT_UNSTABLE: A stable package imports no alpha or beta."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    if cases.is_unstable(file.package):
        return
    for index, path in enumerate(file.proto.dependency):
        imported = file.tree.files.get(path)
        if imported is not None and cases.is_unstable(imported.package):
            yield Fault(f"{path} is of the unstable package {imported.package}.", file, "import", index)


RULE = LintRule(
    id="STABLE_PACKAGE_NO_IMPORT_UNSTABLE",
    purpose="A stable package imports no alpha or beta.",
    check=_check,
)
