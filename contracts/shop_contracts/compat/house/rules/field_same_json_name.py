"""FIELD_SAME_JSON_NAME: A field keeps its name in JSON."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FieldPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FieldPair) -> Iterator[Break]:
    before, after = pair.old.proto.json_name, pair.new.proto.json_name
    if before != after and not pair.is_extension:
        yield pair.breaks(
            f"JSON written under {before} is not found under {after}.", before=f'json_name "{before}"', after=f'json_name "{after}"'
        )


RULE = Rule(
    id="FIELD_SAME_JSON_NAME",
    on=FieldPair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON}),
    purpose="A field keeps its name in JSON.",
    check=_check,
)
