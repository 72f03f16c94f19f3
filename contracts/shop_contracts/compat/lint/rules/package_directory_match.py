"""PACKAGE_DIRECTORY_MATCH: The package <root>.<area>.vN lies in the folder proto/<area>/vN."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    folders = file.path.split("/")[:-1]
    inside = folders[len(folders) - folders[::-1].index("proto") :] if "proto" in folders else folders
    wanted = file.package.split(".")[1:]
    if file.package and inside != wanted:
        folder = "/".join(("proto", *wanted))
        yield Fault(f"The package {file.package} belongs into {folder}, and the file is {file.path}.", file, "package")


RULE = LintRule(
    id="PACKAGE_DIRECTORY_MATCH",
    purpose="The package <root>.<area>.vN lies in the folder proto/<area>/vN.",
    check=_check,
)
