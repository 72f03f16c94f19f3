"""RESERVED_NUMBER_NO_USE: A field number that any version reserved is not used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past, ranges
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for message in history.messages:
        reserving = [
            (then, form, ranges.merged(form.reserved_ranges)) for then, form in message.earlier if form.proto.reserved_range
        ]
        for field in message.new.fields if reserving else ():
            for then, form, numbers in reserving:
                if ranges.contains(numbers, field.number):
                    yield message.breaks(
                        f"Number {field.number} is reserved in {past.version_text(then)}: older records carry "
                        "something else under it.",
                        field=field,
                        was=f"reserved {field.number}",
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="RESERVED_NUMBER_NO_USE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="A field number that any version reserved is not used.",
    check=_check,
)
