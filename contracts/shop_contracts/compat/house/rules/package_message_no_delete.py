"""PACKAGE_MESSAGE_NO_DELETE: A message stays in its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    packages = {file.package for file in pair.new.files.values()}
    for message in pair.old.messages.values():
        if message.file.package in packages and message.full_name not in pair.new.messages:
            yield Break(
                path_of(message.local_name),
                f"message {message.full_name}",
                ABSENT,
                f"The message {message.full_name} is gone from its package: code and records that name it have nothing "
                "to refer to.",
                message.file.path if message.file.path in pair.new.files else None,
                message,
            )


RULE = Rule(
    id="PACKAGE_MESSAGE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE}),
    purpose="A message stays in its package.",
    check=_check,
)
