"""MESSAGE_NO_DELETE: A message stays in its file."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    kept = {message.local_name for message in pair.new.all_messages()}
    for message in pair.old.all_messages():
        if message.local_name not in kept:
            yield Break(
                path_of(message.local_name),
                f"message {message.local_name}",
                ABSENT,
                f"The message {message.local_name} is gone from {pair.new.path}: code that imports it from there no "
                "longer compiles.",
                pair.new.path,
                message,
            )


RULE = Rule(
    id="MESSAGE_NO_DELETE",
    on=FilePair,
    categories=frozenset({Category.FILE}),
    purpose="A message stays in its file.",
    check=_check,
)
