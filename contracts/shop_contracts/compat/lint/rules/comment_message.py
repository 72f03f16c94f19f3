"""COMMENT_MESSAGE: A message has a comment."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.elements import File
from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rule import Fault, LintRule


def _check(file: File) -> Iterator[Fault]:
    groups = {name for message in file.all_messages() for name in message.group_types} | file.group_types
    places = Places(file)
    for message in file.all_messages():
        if not places.comment(message) and not message.is_map_entry and message.full_name not in groups:
            yield Fault(f"The message {message.name} has no comment: say what it is to those who read it.", message)


RULE = LintRule(
    id="COMMENT_MESSAGE",
    purpose="A message has a comment.",
    check=_check,
)
