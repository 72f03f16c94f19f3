"""MESSAGE_SAME_JSON_FORMAT: A message that has a JSON form keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.features import JSON_ALLOW, value_name
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    before, after = pair.old.features["json_format"], pair.new.features["json_format"]
    if before == JSON_ALLOW != after:
        yield pair.breaks(
            "JSON is no longer promised for the message: names that clash in JSON are now accepted by the compiler.",
            before=f"json_format {value_name('json_format', before)}",
            after=f"json_format {value_name('json_format', after)}",
        )


RULE = Rule(
    id="MESSAGE_SAME_JSON_FORMAT",
    on=MessagePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON}),
    purpose="A message that has a JSON form keeps it.",
    check=_check,
)
