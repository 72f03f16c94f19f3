"""ROOT_MESSAGE_NO_DELETE: A message that nothing contains, so that it stands for a record of its own, stays in its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    gone = [message for message in pair.main.messages if message.full_name not in pair.new.messages]
    contained = {field.type_name for message in pair.old.messages.values() for field in message.fields} if gone else set()
    for message in gone:
        if message.full_name not in contained:
            yield Break(
                path_of(message.local_name),
                f"message {message.full_name}",
                ABSENT,
                f"{message.full_name} is gone: records of that type have no type to be read as.",
                message.file.path if message.file.path in pair.new.files else None,
                message,
            )


RULE = Rule(
    id="ROOT_MESSAGE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.REUSE}),
    purpose="A message that nothing contains, so that it stands for a record of its own, stays in its package.",
    check=_check,
)
