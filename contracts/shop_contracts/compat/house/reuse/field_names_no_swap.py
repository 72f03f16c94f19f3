"""FIELD_NAMES_NO_SWAP: Two fields do not exchange their names."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import MessagePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: MessagePair) -> Iterator[Break]:
    named = {field.name: field for field in pair.new.fields}
    for number, field in pair.old.by_number.items():
        moved = named.get(field.name)
        other = pair.old.by_number.get(moved.number) if moved is not None else None
        if moved is None or other is None or number >= moved.number:
            continue
        returned = pair.new.by_number.get(number)
        if returned is not None and returned.name == other.name:
            yield pair.breaks(
                f"{field.name} and {other.name} exchanged their numbers: the bytes fit, and every record is read the "
                "wrong way round.",
                before=f"{field.declaration}; {other.declaration}",
                after=f"{returned.declaration}; {moved.declaration}",
                at=str(number),
                old=field,
            )


RULE = Rule(
    id="FIELD_NAMES_NO_SWAP",
    on=MessagePair,
    categories=frozenset({Category.REUSE}),
    purpose="Two fields do not exchange their names.",
    check=_check,
)
