"""ENUM_SAME_JSON_FORMAT: An enum that has a JSON form keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.features import JSON_ALLOW, value_name
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import EnumPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: EnumPair) -> Iterator[Break]:
    before, after = pair.old.features["json_format"], pair.new.features["json_format"]
    if before == JSON_ALLOW != after:
        yield pair.breaks(
            "JSON is no longer promised for the enum: names that clash in JSON are now accepted by the compiler.",
            before=f"json_format {value_name('json_format', before)}",
            after=f"json_format {value_name('json_format', after)}",
        )


RULE = Rule(
    id="ENUM_SAME_JSON_FORMAT",
    on=EnumPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON}),
    purpose="An enum that has a JSON form keeps it.",
    check=_check,
)
