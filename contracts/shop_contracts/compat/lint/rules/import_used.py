"""IMPORT_USED: Every import is used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    used = {name.removeprefix(".") for name in _type_names(file)}
    for index, path in enumerate(file.proto.dependency):
        imported = file.tree.files.get(path)
        # Options and what is passed on publicly are used without a type's name.
        is_passed_on = index in file.proto.public_dependency
        if imported is None or is_passed_on or imported.proto.extension or imported.proto.public_dependency:
            continue
        declared = {message.full_name for message in imported.all_messages()} | {enum.full_name for enum in imported.all_enums()}
        if used.isdisjoint(declared):
            yield Fault(f"Nothing of {path} is used.", file, "import", index)


def _type_names(file: File) -> Iterator[str]:
    for message in file.all_messages():
        yield from (field.proto.type_name for field in message.fields)
    for extension in file.all_extensions():
        yield from (extension.proto.type_name, extension.proto.extendee)
    for service in file.services:
        for method in service.methods:
            yield from (method.proto.input_type, method.proto.output_type)


RULE = LintRule(
    id="IMPORT_USED",
    purpose="Every import is used.",
    check=_check,
)
