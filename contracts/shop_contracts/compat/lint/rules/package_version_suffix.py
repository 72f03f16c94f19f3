"""PACKAGE_VERSION_SUFFIX: A package ends with its version, v1 and so on."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint import cases
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    if file.package and not cases.is_version(file.package.rpartition(".")[2]):
        yield Fault(f"The package {file.package} does not end with a version such as v1.", file, "package")


RULE = LintRule(
    id="PACKAGE_VERSION_SUFFIX",
    purpose="A package ends with its version, v1 and so on.",
    check=_check,
)
