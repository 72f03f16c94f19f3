"""PACKAGE_NO_IMPORT_CYCLE: Packages do not import each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    for index, path in enumerate(file.proto.dependency):
        imported = file.tree.files.get(path)
        if imported is not None and imported.package != file.package and file.package in _reached(imported):
            yield Fault(f"{path} leads back into the package {file.package}.", file, "import", index)


def _reached(start: File) -> set[str]:
    """Return the packages that a file imports, directly or not."""
    packages: set[str] = set()
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        for path in file.proto.dependency:
            imported = file.tree.files.get(path)
            if imported is not None and path not in seen:
                seen.add(path)
                packages.add(imported.package)
                waiting.append(imported)
    return packages


RULE = LintRule(
    id="PACKAGE_NO_IMPORT_CYCLE",
    purpose="Packages do not import each other in a circle.",
    check=_check,
)
